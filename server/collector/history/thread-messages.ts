import { z } from 'zod';

/** What goes to the history's thread: one call. */
export const callSchema = z.object({ id: z.number(), method: z.string(), args: z.array(z.unknown()) });

/** What comes back: that it stands, or the answer to one call. */
export const replySchema = z.union([
  z.object({ ready: z.literal(true), notice: z.string().nullable() }),
  z.object({ id: z.number(), ok: z.literal(true), value: z.unknown() }),
  z.object({
    id: z.number(),
    ok: z.literal(false),
    code: z.enum(['bad_request', 'internal']).catch('internal'),
    message: z.string(),
  }),
]);

export const pageSchema = z.object({ rows: z.array(z.unknown()), cursor: z.string().nullable() });
export const countsSchema = z.record(z.string(), z.number());
export const rowsSchema = z.array(z.unknown());
export const idsSchema = z.array(z.string());
export const bucketsSchema = z.array(z.object({ step: z.number(), at: z.number(), data: z.string() }));
