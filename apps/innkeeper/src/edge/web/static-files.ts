import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pagePolicy } from './content-policy.ts';
import { notBuiltPage } from './not-built-page.ts';
import type { AnyRequest, AnyResponse } from './request-facts.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Paths that are no page of the web console, whatever they end in. */
const apiPath = /^\/(v1|api|metrics|healthz|agent|install-agent\.sh|innkeeper\.|limiquantix\.)/;
/** The bundler's hash, by which the content never changes under a name. */
const hashedName = /[-.][A-Z0-9]{8}\.[a-z0-9]+(\.map)?$/;

/*
 * Own code after reading the libraries. `sirv` 3.0.2 pipes a read stream that has no error handler (a file replaced by a
 * build would end the daemon) and that stays open when the client leaves, reads the file for HEAD, ignores "gzip;q=0",
 * and lists the folder at its start or else checks it synchronously for each request. `send` and `@fastify/send` do not
 * choose compressed files. Either would still need the types, names, policies and paths below.
 */

/** How a stream says that its client left, before the answer or in it. Anybody can do that, as often as they like. */
const clientLeft: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_UNABLE_TO_PIPE',
]);

/**
 * Answers with a file of the web console, or its one page for the addresses that it makes up itself. Returns false if
 * the request is not for the web console. A client that leaves in the middle is no fault.
 */
export async function serveStaticFile(folder: string, request: AnyRequest, response: ServerResponse): Promise<boolean> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  if (apiPath.test(path)) return false;
  const name = isFileName(path) ? path : '/index.html';
  const isPage = name === '/index.html';
  // A program that mistypes a path must not take the console's page for an answer.
  if (isPage && path !== '/' && !acceptsPage(request)) return false;
  const found = await openFile(folder, name, String(request.headers['accept-encoding'] ?? ''));
  if (found === undefined) {
    if (!isPage) return false;
    response.writeHead(404, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : notBuiltPage);
    return true;
  }
  await using file = found.file;
  const { size, mtimeMs } = await file.stat();
  const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}${found.encoding}"`;
  const headers = {
    'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
    'cache-control': hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    vary: 'accept-encoding',
    // A worker has the policy of its own script, not of the page that started it.
    ...(isPage || extname(name) === '.js' ? { 'content-security-policy': pagePolicy } : {}),
    ...(found.encoding === '' ? {} : { 'content-encoding': found.encoding }),
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers);
    response.end();
    return true;
  }
  response.writeHead(200, { ...headers, 'content-length': size });
  if (request.method === 'HEAD') response.end();
  else await sendFile(file, streamOf(response));
  return true;
}

/** Of HTTP/2 the stream itself: a response whose client reset it before never tells, and the file would stay open. */
function streamOf(response: AnyResponse): Writable {
  return 'stream' in response ? response.stream : response;
}

async function sendFile(file: FileHandle, to: Writable): Promise<void> {
  try {
    await pipeline(file.createReadStream({ autoClose: false }), to);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!clientLeft.has(code)) throw error;
  }
}

/** Browsers ask for HTML by name; curl and fetch take anything. */
function acceptsPage({ headers }: AnyRequest): boolean {
  return headers.accept === undefined || headers.accept.includes('text/html');
}

/** "/assets/app-4ZQ5XJ3K.js". Nothing hidden, nothing above: anything else is an address of the web console, also "/users/anna.b". */
function isFileName(path: string): boolean {
  return path.length < 300 && /^(\/[\w-][\w.-]*)+$/.test(path) && extname(path) in contentTypes;
}

/** The file, or its compressed form when the client takes that. */
async function openFile(
  folder: string,
  name: string,
  accepted: string,
): Promise<{ file: FileHandle; encoding: '' | 'br' | 'gzip' } | undefined> {
  const forms = [
    { encoding: 'br', suffix: '.br' },
    { encoding: 'gzip', suffix: '.gz' },
    { encoding: '', suffix: '' },
  ] as const;
  for (const { encoding, suffix } of forms) {
    if (encoding !== '' && !new RegExp(`\\b${encoding}\\b(?!;q=0(\\.0*)?(,|$))`).test(accepted)) continue;
    try {
      const file = await open(join(folder, `${name}${suffix}`));
      if ((await file.stat()).isFile()) return { file, encoding };
      await file.close();
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code));
}
