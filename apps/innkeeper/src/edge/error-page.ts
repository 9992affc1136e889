import type { IncomingHttpHeaders } from 'node:http';

/** The page loads nothing and runs nothing, on whatever origin it is. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
  'cache-control': 'no-store',
} as const;

/** Whether a browser opens the address as a page. Scripts, `curl` and programs get JSON. */
export function isNavigation({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && /\btext\/html\b/.test(headers.accept ?? '');
}

/** An error as a page: what happened, what to do next, and the reason. */
export function errorPage(body: {
  readonly message: string;
  readonly nextStep: string;
  readonly reason: string;
}): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(body.reason)} – Innkeeper</title>
<style>
body { max-width: 40rem; margin: 12vh auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.3rem }
</style>
<main>
<h1>${escapeHtml(body.message)}</h1>
<p>${escapeHtml(body.nextStep)}</p>
<p><small>Innkeeper, reason <code>${escapeHtml(body.reason)}</code></small></p>
</main>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
