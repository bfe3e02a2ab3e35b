import { isRecord } from './record.ts';

/** Stamps by name: of a message in its headers, of an extended result among its fields. */
export interface StampRecord {
  readonly names: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** The stamps of a message; null when it has none. Only names in `stamped_headers` count. */
export function stampsIn(headers: Readonly<Record<string, unknown>>): StampRecord | null {
  const { stamped_headers: list, stamps } = headers;
  if (!Array.isArray(list) || list.length === 0) return null;
  return stampsAt(list, isRecord(stamps) ? stamps : {});
}

/** The same where the values lie beside other fields. */
export function stampsAt(list: readonly unknown[], values: Readonly<Record<string, unknown>>): StampRecord {
  const names = list.map(String);
  return {
    names,
    values: Object.fromEntries(
      names.map((name) => [name, Object.hasOwn(values, name) ? values[name] : null]),
    ),
  };
}
