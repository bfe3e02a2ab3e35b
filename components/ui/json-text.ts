/** Any value as JSON: short ones on one line, long ones indented. */
export function jsonText(value: unknown): string {
  const long = JSON.stringify(value, null, 2) ?? String(value);
  // A line break is never inside a string: JSON writes it as \\n.
  const line = long
    .replace(/([[{])\n\s*/g, '$1')
    .replace(/\n\s*([\]}])/g, '$1')
    .replace(/\n\s*/g, ' ');
  return line.length <= 60 ? line : long;
}
