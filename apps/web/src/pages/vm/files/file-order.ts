/** How a folder is listed. The guest sorts, so that the first page has the right ones. */
export interface FileOrder {
  readonly key: FileSortKey;
  readonly descending: boolean;
  /** Names that begin with a dot too. */
  readonly hidden: boolean;
}

export const fileSorts = ['name', 'size', 'modified'] as const;
export type FileSortKey = (typeof fileSorts)[number];

/** The order of an address: `sort=-size&hidden=1`; by name where it says nothing that there is. */
export function fileOrderOf(parameters: URLSearchParams): FileOrder {
  const text = parameters.get('sort') ?? '';
  const descending = text.startsWith('-');
  const key = fileSorts.find((each) => each === (descending ? text.slice(1) : text));
  const hidden = parameters.get('hidden') === '1';
  return key === undefined ? { key: 'name', descending: false, hidden } : { key, descending, hidden };
}
