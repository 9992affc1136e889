import { Button, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { type JSX, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { InnCommand } from './inn-command.tsx';

export interface Question {
  /** "Delete web-1?" */
  readonly title: string;
  readonly body: ReactNode;
  /** Label of the confirm button. */
  readonly confirm: string;
  readonly danger?: boolean | undefined;
  /** The equivalent `inn` command; one line per VM. */
  readonly command?: string | undefined;
  /** Text that must be typed to enable the confirm button. */
  readonly typed?: string | undefined;
}

export interface Confirm {
  /** Asks the question; resolves with whether it was confirmed. */
  readonly ask: (question: Question) => Promise<boolean>;
  /** The dialog, which the caller must render. */
  readonly dialog: ReactNode;
}

/** A confirmation dialog for actions that cannot be undone. */
export function useConfirm(): Confirm {
  const [pending, setPending] = useState<{ readonly question: Question; readonly answer: (yes: boolean) => void }>();
  const ask = (question: Question): Promise<boolean> =>
    new Promise((resolve) => {
      setPending({
        question,
        answer: (yes) => {
          setPending(undefined);
          resolve(yes);
        },
      });
    });
  return { ask, dialog: pending && <ConfirmDialog {...pending} /> };
}

function ConfirmDialog({
  question,
  answer,
}: {
  readonly question: Question;
  readonly answer: (yes: boolean) => void;
}): JSX.Element {
  const { title, body, confirm, danger = false, command, typed } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useForm({ initialValues: { text: '' } });
  const isTyped = typed === undefined || form.values.text === typed;
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
        answer(false);
      }}
    >
      <form
        onSubmit={form.onSubmit(() => {
          if (isTyped) answer(true);
        })}
      >
        <h2 id={id}>{title}</h2>
        <div className="confirm-body">{body}</div>
        {typed !== undefined && (
          <TextInput label={`Type ${typed} to confirm`} {...form.getInputProps('text')} autoComplete="off" />
        )}
        {command?.includes('\n') === false && <InnCommand command={command} />}
        <div className="row confirm-buttons">
          <Button variant="default" onClick={() => answer(false)}>
            Cancel
          </Button>
          <Button type="submit" color={danger ? 'red' : 'brand'} disabled={!isTyped}>
            {confirm}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
