import type { OpenapiDocument, OpenapiOperation } from './openapi-document.ts';
import type { JsonSchema } from './schemas.ts';

/** What the page may load: nothing; its few styles are in it. */
export const openapiPagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
summary { cursor: pointer; padding: .2rem 0; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0; }
nav a { margin-right: .8rem; }
`;

/** A page for people: every method and route of the document, with its fields and a command that calls it. */
export function openapiPage(document: OpenapiDocument): string {
  const schemas = document.components['schemas'] as Readonly<Record<string, JsonSchema>>;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags.map(({ name, description = '' }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<section><h2 id="${escapeHtml(name)}">${escapeHtml(name)}</h2><p>${escapeHtml(description)}</p>${own
      .map(({ path, method, operation }) => operationHtml(method, path, operation, schemas))
      .join('')}</section>`;
  });
  const links = document.tags.map(({ name }) => `<a href="#${escapeHtml(name)}">${escapeHtml(name)}</a>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Innkeeper API</title><style>${style}</style></head><body><h1>Innkeeper API</h1>
<p>${escapeHtml(String(document.info['description']))} The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${links.join(' ')}</nav>${sections.join('\n')}</body></html>\n`;
}

function operationHtml(
  method: string,
  path: string,
  operation: OpenapiOperation,
  schemas: Readonly<Record<string, JsonSchema>>,
): string {
  const content = Object.entries((operation.requestBody?.['content'] ?? {}) as Record<string, { schema: JsonSchema }>);
  const [type, body] = content[0] ?? [];
  const answer = operation.responses['200'] as JsonSchema | undefined;
  const streams = Object.hasOwn((answer?.['content'] ?? {}) as object, 'application/x-ndjson');
  const command = [
    'curl -H "Authorization: Bearer $TOKEN"',
    ...(type === undefined ? [] : [`-H 'content-type: ${type}'`]),
    ...(streams ? ["-H 'accept: application/x-ndjson'"] : []),
    ...(type === undefined ? [] : ["-d '{}'"]),
    ...(type === undefined && method !== 'get' ? [`-X ${method.toUpperCase()}`] : []),
    `"$URL${path}"`,
  ].join(' ');
  const privilege = operation['x-innkeeper-privilege'];
  return `<details><summary><code>${method.toUpperCase()} ${escapeHtml(path)}</code></summary>
<p>${escapeHtml(operation.description ?? '')} Privilege: <code>${escapeHtml(privilege)}</code>.</p>
<pre>${escapeHtml(command)}</pre>${body === undefined ? '' : fieldsHtml(body.schema, schemas)}</details>`;
}

function fieldsHtml(reference: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): string {
  const name = String(reference['$ref'] ?? '').replace('#/components/schemas/', '');
  const fields = Object.entries((schemas[name]?.['properties'] ?? {}) as Record<string, JsonSchema>);
  if (fields.length === 0) return '<p>No fields.</p>';
  const rows = fields.map(
    ([field, schema]) =>
      `<tr><td><code>${escapeHtml(field)}</code></td><td>${escapeHtml(typeText(schema))}</td><td>${escapeHtml(String(schema['description'] ?? ''))}</td></tr>`,
  );
  return `<table><thead><tr><th>field</th><th>type</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function typeText(schema: JsonSchema): string {
  if (typeof schema['$ref'] === 'string') return schema['$ref'].split('.').at(-1) ?? '';
  if (schema['type'] === 'array') return `list of ${typeText(schema['items'] as JsonSchema)}`;
  if (schema['type'] === 'object') return `map to ${typeText((schema['additionalProperties'] ?? {}) as JsonSchema)}`;
  return String(schema['format'] ?? schema['type'] ?? '');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
