import { FileKind } from '@innkeeper/contract/agent';
import type { JSX } from 'react';

const file = 'M7 3h7l4 4v14H7zM14 3v4h4';

/** Icon of a file's type, which the row also names in text. */
export function FileIcon({ kind }: { readonly kind: FileKind }): JSX.Element {
  const folder = kind === FileKind.DIRECTORY;
  const path = folder
    ? 'M3 6h6l2 2h10v11H3z'
    : kind === FileKind.SYMLINK
      ? `${file}M9.5 17c0-3 1.5-4.5 5-4.5M12.5 10.5l2 2-2 2`
      : kind === FileKind.REGULAR
        ? file
        : 'M4 8h16v9H4zM8 12.5h.01M12 12.5h4';
  return (
    <svg
      className={folder ? 'files-icon folder' : 'files-icon'}
      viewBox="0 0 24 24"
      width={18}
      height={18}
      fill={folder ? 'currentColor' : 'none'}
      fillOpacity={0.18}
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}
