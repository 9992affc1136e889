import { downloadName } from '@innkeeper/kit';
import { Button, Switch } from '@mantine/core';
import { type JSX, useRef } from 'react';
import { CommandsButton, type NamedCommand } from '../../../components/commands-button.tsx';
import { Icon } from '../../../components/icon.tsx';

export interface FilesToolsProps {
  readonly hidden: boolean;
  readonly onHidden: (hidden: boolean) => void;
  readonly onRefresh: () => void;
  readonly onUpload: (files: readonly File[]) => void;
  readonly onNewFolder: () => void;
  /** Download address of the folder as tar. */
  readonly tarAddress: string;
  readonly tarName: string;
  readonly readOnly: string | undefined;
  readonly commands: readonly NamedCommand[];
}

/** The actions of the current folder. */
export function FilesTools(props: FilesToolsProps): JSX.Element {
  const { hidden, onHidden, onRefresh, onUpload, onNewFolder, tarAddress, tarName, readOnly, commands } = props;
  const picker = useRef<HTMLInputElement>(null);
  return (
    <div className="row wrap files-tools">
      <Switch size="sm" label="Hidden" checked={hidden} onChange={(event) => onHidden(event.currentTarget.checked)} />
      <button type="button" className="icon-button" aria-label="Refresh" data-hint="Refresh" onClick={onRefresh}>
        <Icon name="refresh" size={16} />
      </button>
      <CommandsButton commands={commands} />
      <a
        className="icon-button"
        href={tarAddress}
        download={downloadName(tarName)}
        aria-label="Download this folder as tar"
        data-hint="Download this folder as tar"
      >
        <Icon name="download" size={16} />
      </a>
      <span data-hint={readOnly}>
        <Button
          size="sm"
          variant="default"
          disabled={readOnly !== undefined}
          leftSection={<Icon name="plus" size={14} />}
          onClick={onNewFolder}
        >
          New folder
        </Button>
      </span>
      <span data-hint={readOnly}>
        <Button size="sm" disabled={readOnly !== undefined} onClick={() => picker.current?.click()}>
          Upload
        </Button>
      </span>
      <input
        ref={picker}
        type="file"
        multiple
        className="visually-hidden"
        aria-label="Files to upload"
        tabIndex={-1}
        disabled={readOnly !== undefined}
        onChange={({ currentTarget }) => {
          onUpload([...(currentTarget.files ?? [])]);
          // So that the same file can be chosen again.
          currentTarget.value = '';
        }}
      />
    </div>
  );
}
