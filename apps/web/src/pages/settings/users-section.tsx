import { allPages } from '@innkeeper/client/browser';
import type { CreateLoginLinkResponse, User } from '@innkeeper/contract/control';
import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { accessCommands } from './access-commands.ts';
import { UserForm } from './user-form.tsx';

interface Link {
  readonly user: string;
  readonly link: CreateLoginLinkResponse;
}

/** The users with their roles and scopes. */
export function UsersSection(): JSX.Element {
  const [editing, setEditing] = useState<User | 'new'>();
  const [commandsOf, setCommandsOf] = useState<User>();
  const [link, setLink] = useState<Link>();
  const { ask, dialog } = useConfirm();
  const { data, error, refetch } = useQuery({
    queryKey: ['users'],
    queryFn: async ({ signal }) => ({
      users: await allPages(
        (page) => api.access.listUsers(page, { signal }),
        ({ users }) => users,
      ),
    }),
  });
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      void refetch();
    } catch (failure) {
      showToast({ id: 'users', tone: 'bad', title: what, error: failure });
    }
  };
  const remove = async ({ name }: User): Promise<void> => {
    const body = <p>Their sessions and tokens end now. Their audit entries are kept.</p>;
    const question = {
      title: `Delete ${name}?`,
      body,
      confirm: 'Delete',
      danger: true,
      command: accessCommands.deleteUser(name),
    };
    if (await ask(question)) await attempt(`${name} was not deleted`, () => api.access.deleteUser({ name }));
  };
  const makeLink = ({ name }: User): Promise<void> =>
    attempt('The login link was not created', async () =>
      setLink({ user: name, link: await api.access.createLoginLink({ user: name }) }),
    );
  return (
    <>
      {commandsOf !== undefined && (
        <Card title={`Commands for ${commandsOf.name}`} className="settings-narrow">
          <InnCommand command={accessCommands.setLogin(commandsOf.name, commandsOf.disabled)} />
          <InnCommand command={accessCommands.loginLink(commandsOf.name)} />
          <InnCommand command={accessCommands.deleteUser(commandsOf.name)} />
          <Button variant="default" size="sm" onClick={() => setCommandsOf(undefined)}>
            Close
          </Button>
        </Card>
      )}
      {link !== undefined && <LoginLink {...link} onClose={() => setLink(undefined)} />}
      {editing !== undefined && (
        <UserForm
          key={editing === 'new' ? '' : editing.name}
          user={editing === 'new' ? undefined : editing}
          onClose={() => setEditing(undefined)}
          onDone={() => {
            setEditing(undefined);
            void refetch();
          }}
        />
      )}
      <Card
        title="Users"
        aside={
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setEditing('new')}>
            Add a user
          </Button>
        }
      >
        {error !== null && (
          <ErrorNote title="The users could not be loaded" error={error} onRetry={() => void refetch()} />
        )}
        {data !== undefined && (
          <DataTable
            label="Users"
            rows={data.users}
            rowKey={({ name }) => name}
            empty="No users."
            columns={[
              {
                label: 'Name',
                cell: ({ name, disabled }) => (
                  <span className="row">
                    <strong>{name}</strong>
                    {disabled && <Badge tone="warn">disabled</Badge>}
                  </span>
                ),
              },
              {
                label: 'Roles',
                cell: ({ roles }) =>
                  roles.length === 0 ? (
                    <span className="dim">none</span>
                  ) : (
                    roles.map(({ role, scope }) => (
                      <div key={`${role} ${scope}`}>
                        {role} <span className="dim">on</span> <code>{scope}</code>
                      </div>
                    ))
                  ),
              },
              {
                label: 'Password',
                cell: ({ hasPassword }) => (hasPassword ? 'yes' : <span className="dim">none</span>),
              },
              {
                label: 'Last login',
                cell: ({ lastLoginUnixNs }) =>
                  lastLoginUnixNs === undefined ? (
                    <span className="dim">never</span>
                  ) : (
                    <TimeAgo unixNs={lastLoginUnixNs} />
                  ),
              },
              {
                label: 'Actions',
                labelHidden: true,
                right: true,
                cell: (user) => (
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <button type="button" className="icon-button" aria-label={`Actions for ${user.name}`}>
                        <Icon name="more" />
                      </button>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => setEditing(user)}>Change</Menu.Item>
                      <Menu.Item onClick={() => void makeLink(user)}>Create a login link</Menu.Item>
                      <Menu.Item
                        onClick={() =>
                          void attempt(`${user.name} was not changed`, () =>
                            api.access.updateUser({ name: user.name, disabled: !user.disabled }),
                          )
                        }
                      >
                        {user.disabled ? 'Enable' : 'Disable'}
                      </Menu.Item>
                      <Menu.Item onClick={() => setCommandsOf(user)}>Copy as inn command</Menu.Item>
                      <Menu.Item color="red" onClick={() => void remove(user)}>
                        Delete
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                ),
              },
            ]}
          />
        )}
        {dialog}
      </Card>
    </>
  );
}

function LoginLink({ user, link, onClose }: Link & { readonly onClose: () => void }): JSX.Element {
  const url = `${location.origin}${link.path}`;
  return (
    <Card title={`Login link for ${user}`}>
      <p>Valid once, for 10 minutes. Anyone with this link can log in as {user}.</p>
      <div className="row wrap settings-secret" role="status">
        <code>{url}</code>
        <CopyButton text={url} label="Copy the link" />
      </div>
      <Button variant="default" size="sm" onClick={onClose}>
        Done
      </Button>
    </Card>
  );
}
