import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type JSX, type ReactNode, useEffect, useId, useRef } from 'react';
import { ErrorNote } from '../../../components/error-note.tsx';
import { InnCommand } from '../../../components/inn-command.tsx';

export interface FormDialogProps {
  readonly title: string;
  /** Label of the submit button. */
  readonly action: string;
  /** Title of the error if it fails. */
  readonly failure: string;
  /** The equivalent `inn` command. */
  readonly command?: string | undefined;
  /** The form cannot be submitted. */
  readonly invalid?: boolean;
  readonly children: ReactNode;
  /** Performs the action. The dialog closes when it resolves, and shows the error when it rejects. */
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
}

/** A small form in a dialog. After an error the dialog stays open, with its content. */
export function FormDialog(props: FormDialogProps): JSX.Element {
  const { title, action, failure, command, invalid = false, children, onSubmit, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const submit = useMutation({ mutationFn: onSubmit, onSuccess: onClose });
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
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
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!submit.isPending && !invalid) submit.mutate();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        {submit.error !== null && <ErrorNote title={failure} error={submit.error} />}
        {command !== undefined && <InnCommand command={command} />}
        <div className="row confirm-buttons">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={submit.isPending} disabled={invalid}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
