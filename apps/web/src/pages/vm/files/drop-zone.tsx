import { type DragEvent, type JSX, type ReactNode, useState } from 'react';
import { showToast } from '../../../components/toasts.tsx';

export interface DropZoneProps {
  /** Files cannot be dropped. */
  readonly disabled: boolean;
  /** Text shown while files are dragged over it. */
  readonly hint: string;
  readonly onFiles: (files: readonly File[]) => void;
  readonly children: ReactNode;
}

/** An area for dropping files. The upload button is the alternative without dragging. */
export function DropZone({ disabled, hint, onFiles, children }: DropZoneProps): JSX.Element {
  const [over, setOver] = useState(false);
  const takes = (event: DragEvent): boolean => !disabled && event.dataTransfer.types.includes('Files');
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keyboard users have the upload button
    <div
      className={over ? 'files-drop over' : 'files-drop'}
      onDragOver={(event) => {
        if (!takes(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Element | null)) setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        if (!takes(event)) return;
        event.preventDefault();
        onFiles(filesOf(event.dataTransfer));
      }}
    >
      {children}
      {over && <div className="files-drop-hint">{hint}</div>}
    </div>
  );
}

/** The dropped files. Folders are skipped; browsers report them as files that cannot be read. */
function filesOf({ items }: DataTransfer): File[] {
  const files: File[] = [];
  let folders = 0;
  for (const item of items) {
    const file = item.getAsFile();
    if (item.webkitGetAsEntry()?.isDirectory === true) folders++;
    else if (file !== null) files.push(file);
  }
  if (folders > 0)
    showToast({
      id: 'files folders',
      tone: 'bad',
      title: folders === 1 ? 'A folder was skipped' : `${folders} folders were skipped`,
      body: 'Only files can be dropped. Use "inn cp -r" for a folder.',
    });
  return files;
}
