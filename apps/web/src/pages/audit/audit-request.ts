import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListAuditRequestSchema } from '@innkeeper/contract/control';

const names = ['user', 'vm', 'action', 'result', 'text'] as const;

/** What is searched for, from the page's address. */
export function auditRequest(
  parameters: URLSearchParams,
): Exclude<MessageInitShape<typeof ListAuditRequestSchema>, { $typeName: string }> {
  return Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? '']));
}

/** The same as a file of one JSON object a line. */
export function auditExportPath(parameters: URLSearchParams): string {
  return `/v1/audit.jsonl?${given(parameters)}`;
}

/** The same on the command line. */
export function auditCommand(parameters: URLSearchParams): string {
  return ['inn audit', ...[...given(parameters)].map(([name, value]) => `--${name} ${quoted(value)}`)].join(' ');
}

function given(parameters: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...parameters].filter(([name]) => (names as readonly string[]).includes(name)));
}

function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
