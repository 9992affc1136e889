import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListAuditRequestSchema } from '@innkeeper/contract/control';

const names = ['user', 'vm', 'action', 'result', 'text'] as const;

/** The search in the page's address, as a request. */
export function auditRequest(
  parameters: URLSearchParams,
): Exclude<MessageInitShape<typeof ListAuditRequestSchema>, { $typeName: string }> {
  return Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? '']));
}

/** The download address of the same search, as one JSON object per line. */
export function auditExportPath(parameters: URLSearchParams): string {
  return `/v1/audit.jsonl?${given(parameters)}`;
}

/** The equivalent `inn` command. */
export function auditCommand(parameters: URLSearchParams): string {
  return ['inn audit', ...[...given(parameters)].map(([name, value]) => `--${name} ${quoted(value)}`)].join(' ');
}

function given(parameters: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...parameters].filter(([name]) => (names as readonly string[]).includes(name)));
}

function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
