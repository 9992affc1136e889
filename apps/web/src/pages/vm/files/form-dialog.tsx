import { Button } from '@mantine/core';
import { type FormEvent, type JSX, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { ErrorNote } from '../../../components/error-note.tsx';
import { InnCommand } from '../../../components/inn-command.tsx';

export interface FormDialogProps {
  readonly title: string;
  /** The word on the button that does it. */
  readonly action: string;
  /** Title of the error when it failed. */
  readonly failure: string;
  /** The same on the command line. */
  readonly command?: string | undefined;
  /** What was filled in cannot be sent. */
  readonly invalid?: boolean;
  readonly children: ReactNode;
  /** Does it; the dialog closes when it resolves, and shows what it rejects with. */
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
}

/** A small form in a dialog. Its error stays in it, with what was filled in. */
export function FormDialog(props: FormDialogProps): JSX.Element {
  const { title, action, failure, command, invalid = false, children, onSubmit, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || invalid) return;
    setBusy(true);
    try {
      await onSubmit();
      onClose();
    } catch (why) {
      setError(why);
      setBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="confirm"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form onSubmit={(event) => void submit(event)}>
        <h2 id={id}>{title}</h2>
        {children}
        {error !== undefined && <ErrorNote title={failure} error={error} />}
        {command !== undefined && <InnCommand command={command} />}
        <div className="row confirm-buttons">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={invalid}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
