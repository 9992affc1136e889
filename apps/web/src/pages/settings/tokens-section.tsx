import type { CreateTokenResponse, Token } from '@innkeeper/contract/control';
import { Button, Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { dateOf, formatFullTime } from '../../format/format-time.ts';
import { TokenForm } from './token-form.tsx';

/** Tokens for programs: the user's own, and everybody's for those who manage users. */
export function TokensSection(): JSX.Element {
  const { me } = useMe();
  const [all, setAll] = useState(false);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<CreateTokenResponse>();
  const { ask, dialog } = useConfirm();
  const { data, error, refetch } = useQuery({
    queryKey: ['tokens', all],
    queryFn: ({ signal }) => api.access.listTokens({ all }, { signal }),
  });
  const revoke = async ({ id, name }: Token): Promise<void> => {
    const body = <p>What uses it is refused from now on.</p>;
    const question = { title: `Revoke "${name}"?`, body, confirm: 'Revoke', danger: true };
    if (!(await ask(question))) return;
    try {
      await api.access.revokeToken({ id });
      void refetch();
    } catch (failure) {
      showToast({ id: 'revoke', tone: 'bad', title: 'It was not revoked', body: String(failure) });
    }
  };
  return (
    <>
      {made !== undefined && <NewSecret made={made} onClose={() => setMade(undefined)} />}
      {making && (
        <TokenForm
          onClose={() => setMaking(false)}
          onMade={(response) => {
            setMaking(false);
            setMade(response);
            void refetch();
          }}
        />
      )}
      <Card
        title="Tokens"
        beside={
          !making && (
            <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
              Make a token
            </Button>
          )
        }
      >
        {hasPrivilege(me, 'user.manage') && (
          <Checkbox label="Of all users" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
        )}
        {error !== null && (
          <ErrorNote title="The tokens cannot be listed" error={error} onRetry={() => void refetch()} />
        )}
        {data !== undefined && (
          <DataTable
            label="Tokens"
            rows={data.tokens}
            rowKey={({ id }) => id}
            empty="No token yet. A token lets a program do what you may, or less."
            columns={[
              { label: 'Name', cell: ({ name }) => <strong>{name}</strong> },
              ...(all ? [{ label: 'User', cell: ({ user }: Token) => user }] : []),
              {
                label: 'May',
                cell: ({ privileges, allowedCommands }) => (
                  <>
                    {privileges.length === 0 ? 'all that its user may' : privileges.join(', ')}
                    {allowedCommands.map((command) => (
                      <div key={command}>
                        <code>{command}</code>
                      </div>
                    ))}
                  </>
                ),
              },
              { label: 'On', cell: ({ scope }) => <code>{scope}</code> },
              {
                label: 'Last used',
                cell: ({ lastUsedUnixNs }) =>
                  lastUsedUnixNs === undefined ? (
                    <span className="dim">never</span>
                  ) : (
                    <TimeAgo unixNs={lastUsedUnixNs} />
                  ),
              },
              {
                label: 'Ends',
                cell: ({ expiresUnixNs }) =>
                  expiresUnixNs === undefined ? 'never' : formatFullTime(dateOf(expiresUnixNs)),
              },
              {
                label: 'Actions',
                labelHidden: true,
                right: true,
                cell: (token) => (
                  <Button size="xs" variant="subtle" color="red" onClick={() => void revoke(token)}>
                    Revoke<span className="visually-hidden"> {token.name}</span>
                  </Button>
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

/** Shown once: the daemon keeps the hash alone. */
function NewSecret({
  made,
  onClose,
}: {
  readonly made: CreateTokenResponse;
  readonly onClose: () => void;
}): JSX.Element {
  return (
    <Card title={`The token "${made.token?.name ?? ''}"`}>
      <p>Keep it now: it is not shown again.</p>
      <div className="row wrap settings-secret" role="status">
        <code>{made.secret}</code>
        <CopyButton text={made.secret} label="Copy the token" />
      </div>
      <p className="dim">
        Use it as <code>Authorization: Bearer …</code>, or as <code>INNKEEPER_TOKEN</code> for <code>inn</code>.
      </p>
      <Button variant="default" size="sm" onClick={onClose}>
        I have it
      </Button>
    </Card>
  );
}
