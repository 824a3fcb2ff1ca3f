/**
 * One line of CSV by RFC 4180, with a line feed at the end: null is an empty field; quotes stand only around fields that hold
 * a comma, a quote or a line break.
 */
export function csvLine(fields: readonly (string | number | null | undefined)[]): string {
  let line = '';
  for (let index = 0; index < fields.length; index++) {
    if (index > 0) line += ',';
    const field = fields[index];
    if (typeof field === 'string') line += NEEDS_QUOTES.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
    else if (typeof field === 'number') line += String(field);
  }
  return `${line}\n`;
}

const NEEDS_QUOTES = /[",\r\n]/;
