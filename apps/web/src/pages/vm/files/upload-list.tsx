import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { CopyButton } from '../../../components/copy-button.tsx';
import { Icon } from '../../../components/icon.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';
import { showName } from '../../../format/show-name.ts';
import { isActive, type Upload, type UploadQueue } from './upload-queue.ts';

const words: Readonly<Record<Upload['state'], string>> = {
  waiting: 'waiting',
  sending: '',
  interrupted: 'interrupted; resumes automatically',
  done: 'done',
  failed: 'failed',
  canceled: 'cancelled',
};

/** The uploads of this page and their progress. */
export function UploadList({
  queue,
  uploads,
}: {
  readonly queue: UploadQueue;
  readonly uploads: readonly Upload[];
}): JSX.Element | null {
  if (uploads.length === 0) return null;
  const active = uploads.filter(({ state }) => isActive(state)).length;
  const failed = uploads.filter(({ state }) => state === 'failed').length;
  const summary = `${uploads.length - active} of ${uploads.length} finished${failed === 0 ? '' : `, ${failed} failed`}`;
  return (
    <section className="card files-uploads" aria-label="Uploads">
      <div className="row">
        <strong>Uploads</strong>
        <span className="dim number" role="status">
          {summary}
        </span>
        <div className="grow" />
        {active > 0 ? (
          <Button size="compact-sm" variant="default" onClick={() => queue.cancelAll()}>
            Cancel all
          </Button>
        ) : (
          <Button size="compact-sm" variant="default" onClick={() => queue.clearEnded()}>
            Clear
          </Button>
        )}
      </div>
      <ul>
        {uploads.map((upload) => (
          <UploadItem key={upload.id} upload={upload} queue={queue} />
        ))}
      </ul>
    </section>
  );
}

function UploadItem({ upload, queue }: { readonly upload: Upload; readonly queue: UploadQueue }): JSX.Element {
  const { id, path, file, state, sentBytes, error } = upload;
  const percent = state === 'done' ? 100 : file.size === 0 ? 0 : Math.min(100, (100 * sentBytes) / file.size);
  const name = showName(path);
  return (
    <li className={state}>
      <span className="ellipsis mono files-upload-name">{name}</span>
      <span className="dim number files-upload-size">
        {words[state] !== '' ? words[state] : `${formatBytes(sentBytes)} of ${formatBytes(file.size)}`}
      </span>
      {isActive(state) ? (
        <button
          type="button"
          className="icon-button small"
          aria-label={`Cancel the upload of ${name}`}
          onClick={() => queue.cancel(id)}
        >
          <Icon name="cancel" size={14} />
        </button>
      ) : state === 'done' ? (
        <Icon name="check" size={15} />
      ) : (
        <button
          type="button"
          className="icon-button small"
          aria-label={`Resume the upload of ${name}`}
          data-hint="Resume"
          onClick={() => queue.retry(id)}
        >
          <Icon name="repeat" size={14} />
        </button>
      )}
      <progress max={100} value={percent} aria-label={name} />
      {error !== undefined && (
        <p className="files-upload-why" role="alert">
          {error.message} <strong>{error.nextStep}</strong> <code>{error.reason}</code>
          <CopyButton text={`${error.message}\n${error.nextStep}\n${error.reason}`} label="Copy the error" />
        </p>
      )}
    </li>
  );
}
