import type { Vm } from '@innkeeper/contract/control';
import { Autocomplete, Button, Popover, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { type JSX, useState } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { useLoginUsers } from './use-login-users.ts';

export interface TerminalChoice {
  /** Empty: root. */
  readonly user: string;
  /** A command line for /bin/sh; empty: the login shell. */
  readonly command: string;
}

/** Button "New terminal", which opens one as root; the arrow next to it offers other users. */
export function NewTerminal({
  vm,
  busy,
  prominent = false,
  onOpen,
}: {
  readonly vm: Vm;
  readonly busy: boolean;
  readonly prominent?: boolean;
  readonly onOpen: (choice: TerminalChoice) => void;
}): JSX.Element {
  const [choosing, setChoosing] = useState(false);
  const variant = prominent ? 'filled' : 'default';
  const size = prominent ? 'sm' : 'xs';
  return (
    <div className="terminal-new">
      <Button
        variant={variant}
        size={size}
        loading={busy}
        leftSection={<Icon name="plus" size={14} />}
        onClick={() => onOpen({ user: '', command: '' })}
      >
        New terminal
      </Button>
      <Popover opened={choosing} onChange={setChoosing} position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <Button
            variant={variant}
            size={size}
            className="terminal-new-more"
            aria-label="New terminal as another user"
            data-hint="As another user"
            disabled={busy}
            onClick={() => setChoosing(!choosing)}
          >
            <Icon name="menuDown" size={14} />
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="New terminal">
          <ChoiceForm
            vm={vm}
            onOpen={(choice) => {
              setChoosing(false);
              onOpen(choice);
            }}
          />
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

function ChoiceForm({
  vm,
  onOpen,
}: {
  readonly vm: Vm;
  readonly onOpen: (choice: TerminalChoice) => void;
}): JSX.Element {
  const users = useLoginUsers(vm, true);
  const form = useForm({
    initialValues: { user: '', command: '' },
    transformValues: ({ user, command }) => ({ user: user.trim(), command: command.trim() }),
  });
  return (
    <form className="terminal-form" onSubmit={form.onSubmit(onOpen)}>
      <Autocomplete
        label="User"
        description="A name or number in the guest"
        placeholder="root"
        data={[...users]}
        {...form.getInputProps('user')}
        maxLength={64}
        comboboxProps={{ withinPortal: false }}
        data-autofocus
        selectFirstOptionOnChange={false}
      />
      <TextInput
        label="Command"
        description="Instead of the login shell"
        placeholder="top"
        {...form.getInputProps('command')}
        autoComplete="off"
        spellCheck={false}
      />
      <Button type="submit" size="sm">
        Open
      </Button>
    </form>
  );
}
