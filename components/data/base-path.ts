/** Where public files are, as in next.config.ts: the server writes its URL prefix here when it starts. */
export const BASE_PATH = '/__PFX__';
