import { isOperationError } from '@innkeeper/contract/errors';
import { downloadName } from '@innkeeper/kit';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, lazy, Suspense, useEffect, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { ErrorNote } from '../../../components/error-note.tsx';
import { Icon } from '../../../components/icon.tsx';
import { InnCommand } from '../../../components/inn-command.tsx';
import { showToast } from '../../../components/toasts.tsx';
import type { Confirm } from '../../../components/use-confirm.tsx';
import { showName } from '../../../format/show-name.ts';
import { fileCommands } from './file-commands.ts';
import { baseName } from './file-path.ts';
import { maxTextBytes, readText } from './read-text.ts';

const CodeEditor = lazy(async () => ({ default: (await import('../../../components/code-editor.tsx')).CodeEditor }));

export interface FileViewProps {
  readonly vm: { readonly id: string; readonly name: string };
  readonly path: string;
  /** Why nothing may be changed; undefined if it may. */
  readonly readOnly: string | undefined;
  readonly ask: Confirm['ask'];
  readonly onClose: () => void;
  /** Called if the path is a folder, or a link to one. */
  readonly onFolder: () => void;
}

/** Views and edits a text file. Saving first checks whether the file was changed in the guest meanwhile. */
export function FileView({ vm, path, readOnly, ask, onClose, onFolder }: FileViewProps): JSX.Element {
  const { data, error, refetch } = useQuery({
    queryKey: ['text', vm.id, path],
    queryFn: ({ signal }) => readText(vm.id, path, signal),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const [text, setText] = useState<string>();
  const [saved, setSaved] = useState<{ readonly text: string; readonly modifiedNs: string }>();
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const base = saved ?? data;
  const changed = text !== undefined && base !== undefined && text !== base.text;
  const name = showName(path);
  useEffect(() => {
    if (!changed) return;
    const onLeave = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', onLeave);
    return () => removeEventListener('beforeunload', onLeave);
  }, [changed]);

  const isFolder = isOperationError(error) && error.reason === 'FILE_IS_DIRECTORY';
  useEffect(() => {
    if (isFolder) onFolder();
  }, [isFolder, onFolder]);

  const mayReplace = async (knownNs: string): Promise<boolean> => {
    const { modifiedUnixNs } = await guest.files.stat(vm.id, path, { follow: true });
    if (String(modifiedUnixNs) === knownNs) return true;
    return ask({
      title: `Replace ${name}?`,
      body: <p>The file was changed in the guest after it was opened here. Saving overwrites that change.</p>,
      confirm: 'Overwrite',
      danger: true,
    });
  };
  const save = async (): Promise<void> => {
    if (!changed || readOnly !== undefined || saving) return;
    setSaving(true);
    setFailure(undefined);
    try {
      if (!(await mayReplace(base.modifiedNs))) return;
      await guest.files.write(vm.id, path, new Blob([text]));
      const { modifiedUnixNs } = await guest.files.stat(vm.id, path, { follow: true });
      setSaved({ text, modifiedNs: String(modifiedUnixNs) });
      showToast({ id: `save ${path}`, tone: 'ok', title: `${showName(baseName(path))} saved` });
    } catch (why) {
      setFailure(why);
    } finally {
      setSaving(false);
    }
  };
  const close = async (): Promise<void> => {
    const lose = {
      title: 'Leave without saving?',
      body: <p>Your changes to {name} will be lost.</p>,
      confirm: 'Leave',
      danger: true,
    };
    if (!changed || (await ask(lose))) onClose();
  };
  const tooLong = text !== undefined && text.length > maxTextBytes;
  return (
    <section className="card files-view" aria-label={`File ${name}`}>
      <div className="row wrap files-view-head">
        <span className="mono ellipsis files-view-name">{name}</span>
        {changed && <span className="files-changed">unsaved</span>}
        {readOnly !== undefined && (
          <span className="dim" data-hint={readOnly}>
            read-only
          </span>
        )}
        <div className="grow" />
        <InnCommand command={changed ? fileCommands.save(vm.name, path) : fileCommands.show(vm.name, path)} />
        <a
          className="icon-button"
          aria-label="Download"
          data-hint="Download"
          href={guest.files.url(vm.id, path)}
          download={downloadName(baseName(path))}
        >
          <Icon name="download" />
        </a>
        {readOnly === undefined && (
          <Button
            size="sm"
            loading={saving}
            disabled={!changed || tooLong}
            data-hint={tooLong ? 'The text is larger than 1 MiB' : undefined}
            onClick={() => void save()}
          >
            Save
          </Button>
        )}
        <Button size="sm" variant="default" disabled={saving} onClick={() => void close()}>
          Close
        </Button>
      </div>
      {error !== null && (
        <ErrorNote title="The file could not be opened" error={error} onRetry={() => void refetch()} />
      )}
      {failure !== undefined && (
        <ErrorNote title="The file was not saved" error={failure} onRetry={() => void save()} />
      )}
      {data !== undefined && (
        <Suspense fallback={<div className="page-loading" />}>
          <CodeEditor
            name={baseName(path)}
            text={data.text}
            readOnly={readOnly !== undefined}
            onChange={setText}
            onSave={() => void save()}
          />
        </Suspense>
      )}
    </section>
  );
}
