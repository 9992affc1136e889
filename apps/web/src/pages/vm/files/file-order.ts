/** Sort order of a folder. The guest sorts, so that the first page has the right entries. */
export interface FileOrder {
  readonly key: FileSortKey;
  readonly descending: boolean;
  /** Include names that begin with a dot. */
  readonly hidden: boolean;
}

const fileSorts = ['name', 'size', 'modified'] as const;
export type FileSortKey = (typeof fileSorts)[number];

/** Reads the order from an address: `sort=-size&hidden=1`. Default: by name. */
export function fileOrderOf(parameters: URLSearchParams): FileOrder {
  const text = parameters.get('sort') ?? '';
  const descending = text.startsWith('-');
  const key = fileSorts.find((each) => each === (descending ? text.slice(1) : text));
  const hidden = parameters.get('hidden') === '1';
  return key === undefined ? { key: 'name', descending: false, hidden } : { key, descending, hidden };
}
