/** Ids of revoked tasks that are kept, as many as Celery's workers keep. */
export const MAX_REVOKED = 50_000;
/** How long each is kept, in seconds. */
export const REVOKED_SECONDS = 10_800;
