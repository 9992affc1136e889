import type { Role } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { Card } from '../../components/card.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { accessCommands } from './access-commands.ts';
import { RoleForm } from './role-form.tsx';

/** Roles: sets of privileges that users hold on VMs. */
export function RolesSection(): JSX.Element {
  const [editing, setEditing] = useState<Role | 'new'>();
  const { ask, dialog } = useConfirm();
  const { data, error, refetch } = useQuery({
    queryKey: ['roles'],
    queryFn: ({ signal }) => api.access.listRoles({ pageSize: 1000 }, { signal }),
  });
  const remove = async ({ name }: Role): Promise<void> => {
    const body = <p>Users with this role lose its privileges.</p>;
    const question = { title: `Delete the role ${name}?`, body, confirm: 'Delete', danger: true };
    if (!(await ask({ ...question, command: accessCommands.deleteRole(name) }))) return;
    try {
      await api.access.deleteRole({ name });
      void refetch();
    } catch (failure) {
      showToast({ id: 'role', tone: 'bad', title: `The role ${name} was not deleted`, error: failure });
    }
  };
  return (
    <>
      {editing !== undefined && data !== undefined && (
        <RoleForm
          key={editing === 'new' ? '' : editing.name}
          role={editing === 'new' ? undefined : editing}
          known={data.knownPrivileges}
          onClose={() => setEditing(undefined)}
          onDone={() => {
            setEditing(undefined);
            void refetch();
          }}
        />
      )}
      <Card
        title="Roles"
        aside={
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setEditing('new')}>
            Add a role
          </Button>
        }
      >
        {error !== null && (
          <ErrorNote title="The roles could not be loaded" error={error} onRetry={() => void refetch()} />
        )}
        {data !== undefined && (
          <DataTable
            label="Roles"
            rows={data.roles}
            rowKey={({ name }) => name}
            empty="No roles."
            columns={[
              {
                label: 'Name',
                cell: ({ name, builtIn, description }) => (
                  <>
                    <span className="row">
                      <strong>{name}</strong>
                      {builtIn && <Badge tone="idle">built in</Badge>}
                    </span>
                    <div className="dim">{description}</div>
                  </>
                ),
              },
              {
                label: 'Privileges',
                cell: ({ privileges }) => (
                  <span className="capabilities">
                    {privileges.map((privilege) => (
                      <code key={privilege}>{privilege}</code>
                    ))}
                  </span>
                ),
              },
              {
                label: 'Actions',
                labelHidden: true,
                right: true,
                cell: (role) =>
                  !role.builtIn && (
                    <span className="row">
                      <Button size="xs" variant="subtle" onClick={() => setEditing(role)}>
                        Change<span className="visually-hidden"> {role.name}</span>
                      </Button>
                      <Button size="xs" variant="subtle" color="red" onClick={() => void remove(role)}>
                        Delete<span className="visually-hidden"> {role.name}</span>
                      </Button>
                    </span>
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
