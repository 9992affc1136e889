import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type JSX, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { InnCommand } from './inn-command.tsx';

export interface Question {
  /** "Delete web-1?" */
  readonly title: string;
  readonly body: ReactNode;
  /** The word on the button that does it. */
  readonly confirm: string;
  readonly danger?: boolean | undefined;
  /** The same on the command line; several lines for several VMs. */
  readonly command?: string | undefined;
  /** Has to be typed before it can be confirmed. */
  readonly typed?: string | undefined;
}

export interface Confirm {
  /** Asks; whether it was confirmed. */
  readonly ask: (question: Question) => Promise<boolean>;
  /** To be rendered somewhere. */
  readonly dialog: ReactNode;
}

/** A question before something that cannot be taken back. */
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
  const [text, setText] = useState('');
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (typed === undefined || text === typed) answer(true);
  };
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
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        <div className="confirm-body">{body}</div>
        {typed !== undefined && (
          <TextInput
            label={`Type ${typed} to go on`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
        {command?.includes('\n') === false && <InnCommand command={command} />}
        <div className="row confirm-buttons">
          <Button variant="default" onClick={() => answer(false)}>
            Cancel
          </Button>
          <Button type="submit" color={danger ? 'red' : 'brand'} disabled={typed !== undefined && text !== typed}>
            {confirm}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
