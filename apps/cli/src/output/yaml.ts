import { cleanJson } from './clean.ts';

/** Strings that need no quotes: YAML does not read them as a number, date or another type. */
const plain = /^[A-Za-z_/][A-Za-z0-9_./-]*$/;
const reserved = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** A JSON value as YAML 1.2, in block style. */
export function toYaml(value: unknown): string {
  return `${block(value, '')}\n`;
}

function block(value: unknown, indent: string): string {
  if (Array.isArray(value) && value.length > 0)
    return value.map((item) => `${indent}- ${block(item, `${indent}  `).trimStart()}`).join('\n');
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0)
    return Object.entries(value)
      .map(
        ([key, item]) => `${indent}${scalar(key)}:${isNested(item) ? '\n' : ' '}${block(item, nested(item, indent))}`,
      )
      .join('\n');
  return scalar(value);
}

function nested(item: unknown, indent: string): string {
  return isNested(item) ? `${indent}  ` : '';
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** A JSON string is also a double-quoted string of YAML. */
function scalar(value: unknown): string {
  if (typeof value === 'string' && plain.test(value) && !reserved.test(value)) return value;
  return cleanJson(JSON.stringify(value));
}
