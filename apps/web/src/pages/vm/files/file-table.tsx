import { formatFileMode } from '@innkeeper/contract';
import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { type JSX, memo } from 'react';
import { Link } from 'react-router';
import { Icon } from '../../../components/icon.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';
import { dateOf, formatFullTime, formatTime } from '../../../format/format-time.ts';
import { showName } from '../../../format/show-name.ts';
import { FileIcon } from './file-icon.tsx';
import { FileMenu, type FileMenuProps } from './file-menu.tsx';
import type { FileOrder, FileSortKey } from './file-order.ts';
import { baseName, resolvePath } from './file-path.ts';
import { kindName, octalMode } from './format-mode.ts';
import { useKeepFocus } from './use-keep-focus.ts';

export interface FileTableProps extends Pick<FileMenuProps, 'vm' | 'readOnly' | 'onAction'> {
  readonly folder: string;
  readonly entries: readonly FileInfo[];
  readonly order: FileOrder;
  readonly onOrder: (key: FileSortKey) => void;
  /** The address of a folder. */
  readonly addressOf: (path: string) => string;
}

const columns: readonly { readonly label: string; readonly sort?: FileSortKey; readonly right?: boolean }[] = [
  { label: 'Name', sort: 'name' },
  { label: 'Size', sort: 'size', right: true },
  { label: 'Modified', sort: 'modified', right: true },
  { label: 'Owner' },
  { label: 'Mode' },
];

/** The entries of a folder. */
export function FileTable({ entries, order, onOrder, ...rest }: FileTableProps): JSX.Element {
  const keepFocus = useKeepFocus(entries);
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="data-table-scroll" aria-label="Files table" tabIndex={0} onFocus={keepFocus}>
      <table className="data-table files-table">
        <thead>
          <tr>
            {columns.map(({ label, sort, right }) => (
              <th
                key={label}
                scope="col"
                className={right ? 'right' : undefined}
                aria-sort={sort === undefined ? undefined : sort === order.key ? direction : 'none'}
              >
                {sort === undefined ? (
                  label
                ) : (
                  <button type="button" className="plain-button files-sort" onClick={() => onOrder(sort)}>
                    {label}
                    {sort === order.key && <Icon name={order.descending ? 'sortDown' : 'sortUp'} size={14} />}
                  </button>
                )}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((file) => (
            <FileRow key={file.path} file={file} {...rest} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

type FileRowProps = Omit<FileTableProps, 'entries' | 'order' | 'onOrder'> & { readonly file: FileInfo };

const FileRow = memo(function FileRow({ file, vm, folder, readOnly, onAction, addressOf }: FileRowProps): JSX.Element {
  const { kind, path, sizeBytes, mode, uid, gid, user, group, modifiedUnixNs, symlinkTarget } = file;
  const name = showName(baseName(path));
  const modified = dateOf(modifiedUnixNs);
  return (
    <tr>
      <td>
        <span className="files-name">
          <FileIcon kind={kind} />
          <span className="visually-hidden">{kindName(kind)}</span>
          {kind === FileKind.DIRECTORY || kind === FileKind.SYMLINK ? (
            <Link data-list-item className="ellipsis files-folder" to={addressOf(path)}>
              {name}
            </Link>
          ) : kind === FileKind.REGULAR ? (
            <button
              type="button"
              data-list-item
              className="plain-button ellipsis files-file"
              onClick={() => onAction('edit', file)}
            >
              {name}
            </button>
          ) : (
            <span className="ellipsis">{name}</span>
          )}
          {kind === FileKind.SYMLINK && (
            <Link
              className="ellipsis mono files-target"
              data-hint="Go to what the link points to"
              to={addressOf(resolvePath(folder, symlinkTarget))}
            >
              → {showName(symlinkTarget)}
            </Link>
          )}
        </span>
      </td>
      <td className="right number">{kind === FileKind.REGULAR ? formatBytes(sizeBytes) : ''}</td>
      <td className="right number">
        <time dateTime={modified.toISOString()} data-hint={formatFullTime(modified)}>
          {formatTime(modified)}
        </time>
      </td>
      <td data-hint={`uid ${uid}, gid ${gid}`}>
        {user === '' ? uid : showName(user)}
        <span className="dim">:{group === '' ? gid : showName(group)}</span>
      </td>
      <td>
        <code data-hint={octalMode(mode)}>{formatFileMode(kind, mode)}</code>
      </td>
      <td className="files-act">
        <FileMenu vm={vm} file={file} readOnly={readOnly} onAction={onAction} />
      </td>
    </tr>
  );
});
