import { Button, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { DataTable } from '../../../components/data-table.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { showName } from '../../../format/show-name.ts';
import { FormDialog } from '../files/form-dialog.tsx';
import { describeKey, pastedKeys } from './account-view.ts';

/** The SSH keys of an account: those that Innkeeper added can be removed, and new ones pasted. */
export function KeysDialog({
  vm,
  user,
  onClose,
}: {
  readonly vm: { readonly id: string; readonly name: string };
  readonly user: string;
  readonly onClose: () => void;
}): JSX.Element {
  const [text, setText] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const { accounts } = guest.agent(vm.id);
  const { data, error, refetch } = useQuery({
    queryKey: ['account-keys', vm.id, user],
    queryFn: ({ signal }) => accounts.listKeys({ user }, { signal }),
  });
  const remove = async (blob: string): Promise<void> => {
    try {
      await accounts.changeKeys({ user, remove: [blob] });
      setFailure(undefined);
    } catch (cause) {
      setFailure(cause);
    }
    await refetch();
  };
  const keys = pastedKeys(text);
  return (
    <FormDialog
      title={`SSH keys of ${showName(user)}`}
      action="Add"
      failure="The keys were not added"
      command={`inn ssh-key ls ${vm.name} ${showName(user)}`}
      invalid={keys.length === 0}
      onClose={onClose}
      onSubmit={async () => {
        await accounts.changeKeys({ user, add: keys });
        await refetch();
      }}
    >
      {error !== null && <ErrorNote title="The keys could not be listed" error={error} />}
      {failure !== undefined && <ErrorNote title="The key was not removed" error={failure} />}
      <DataTable
        label="SSH keys"
        rows={data?.keys ?? []}
        rowKey={({ line, managed }) => `${managed} ${line}`}
        empty={data === undefined ? '' : 'This account has no keys.'}
        columns={[
          { label: 'Type', cell: ({ line }) => <span className="mono">{describeKey(line).type}</span> },
          { label: 'Comment', cell: ({ line }) => showName(describeKey(line).comment) },
          {
            label: 'Remove',
            labelHidden: true,
            cell: ({ line, managed }) =>
              managed ? (
                <Button size="xs" variant="default" onClick={() => void remove(describeKey(line).blob)}>
                  Remove
                </Button>
              ) : (
                <span className="dim">added in the guest</span>
              ),
          },
        ]}
      />
      <Textarea
        label="New keys"
        description="The content of .pub files, one key a line"
        autosize
        minRows={2}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
