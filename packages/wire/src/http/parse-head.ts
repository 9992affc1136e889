import { maxBodyBytes, maxHeaders } from './limits.ts';

/** A request without its body. */
export interface HttpHead {
  readonly method: string;
  /** From the first slash, without the query. */
  readonly path: string;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
  /** Whether the connection goes on after the answer. */
  readonly keepsOpen: boolean;
}

/** Why a request is refused: after it the connection has no known next request. */
export interface HttpRefusal {
  readonly status: number;
  readonly why: string;
}

/** Blanks around the value are left to a loop: as parts of the expression they would be tried in every combination. */
const headerLine = /^([!#$%&'*+.^_`|~\dA-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
/** Headers that must not occur twice: two readers could choose different ones. */
const single = new Set(['host', 'content-length', 'content-type', 'authorization']);

/** Parses the lines of a head, without the empty line that ends it, as Latin-1. */
export function parseHead(text: string): HttpHead | HttpRefusal {
  const [first = '', ...lines] = text.split('\r\n');
  const [, method = '', target = '', major = '', minor = ''] =
    /^([A-Z]{1,16}) ([\x21-\x7e]{1,2048}) HTTP\/(\d)\.(\d)$/.exec(first) ?? [];
  if (method === '') return { status: 400, why: 'The request line is malformed.' };
  if (major !== '1') return { status: 505, why: 'Only HTTP/1.0 and HTTP/1.1 are spoken here.' };
  if (lines.length > maxHeaders) return { status: 431, why: `The request has more than ${maxHeaders} headers.` };
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', spaced = ''] = headerLine.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === '') return { status: 400, why: 'A header is malformed.' };
    const value = withoutBlanks(spaced);
    const before = headers.get(key);
    if (before !== undefined && single.has(key)) return { status: 400, why: `The header ${key} occurs twice.` };
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  if (minor === '1' && !headers.has('host')) return { status: 400, why: 'The header host is missing.' };
  const [, path] = /^(?:http:\/\/[^/?]+)?(\/[^?#]*)(?:\?[^#]*)?$/.exec(target) ?? [];
  if (path === undefined) return { status: 400, why: 'The target is not a path.' };
  const body = bodyBytesOf(headers);
  if (typeof body === 'object') return body;
  const closes = /(?:^|,)\s*close\s*(?:,|$)/i.test(headers.get('connection') ?? '');
  return { method, path, headers, bodyBytes: body, keepsOpen: minor !== '0' && !closes };
}

/** Without spaces and tabs around it; other white space, such as 0xA0, is part of a value. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text[from])) from++;
  while (to > from && isBlank(text[to - 1])) to--;
  return text.slice(from, to);
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

function bodyBytesOf(headers: ReadonlyMap<string, string>): number | HttpRefusal {
  if (headers.has('transfer-encoding'))
    return { status: 501, why: 'A body must have a Content-Length and no Transfer-Encoding.' };
  const length = headers.get('content-length') ?? '0';
  if (!/^\d{1,15}$/.test(length)) return { status: 400, why: 'The Content-Length is not a number.' };
  return Number(length) > maxBodyBytes
    ? { status: 413, why: `The body has more than ${maxBodyBytes} bytes.` }
    : Number(length);
}
