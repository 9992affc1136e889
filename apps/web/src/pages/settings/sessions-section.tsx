import { allPages } from '@innkeeper/client/browser';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/api.ts';
import { useSessionChange } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { dateOf, formatFullTime } from '../../format/format-time.ts';

/** The user's login sessions, with a button that ends all of them. */
export function SessionsSection(): JSX.Element {
  const navigate = useNavigate();
  const changeSession = useSessionChange();
  const { ask, dialog } = useConfirm();
  const { data, error, refetch } = useQuery({
    queryKey: ['sessions'],
    queryFn: async ({ signal }) => ({
      sessions: await allPages(
        (page) => api.access.listSessions(page, { signal }),
        ({ sessions }) => sessions,
      ),
    }),
  });
  const everywhere = async (): Promise<void> => {
    const body = <p>All your sessions end, including this one.</p>;
    if (!(await ask({ title: 'Log out everywhere?', body, confirm: 'Log out everywhere', danger: true }))) return;
    try {
      await api.access.logout({ everywhere: true });
      changeSession(undefined);
      void navigate('/login');
    } catch (failure) {
      showToast({ id: 'logout', tone: 'bad', title: 'You are still logged in', error: failure });
    }
  };
  return (
    <Card title="My sessions">
      {error !== null && (
        <ErrorNote title="The sessions could not be loaded" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && (
        <DataTable
          label="My sessions"
          rows={data.sessions}
          rowKey={({ id }) => id}
          empty="You are not using a session."
          columns={[
            {
              label: 'Browser',
              cell: ({ userAgent, current }) => (
                <span className="row wrap">
                  <span className="settings-agent">{userAgent || 'unknown'}</span>
                  {current && <Badge tone="ok">this one</Badge>}
                </span>
              ),
            },
            { label: 'Address', cell: ({ address }) => <code>{address}</code> },
            { label: 'Logged in', cell: ({ createdUnixNs }) => <TimeAgo unixNs={createdUnixNs} /> },
            { label: 'Last seen', cell: ({ lastSeenUnixNs }) => <TimeAgo unixNs={lastSeenUnixNs} /> },
            { label: 'Expires', cell: ({ expiresUnixNs }) => formatFullTime(dateOf(expiresUnixNs)) },
          ]}
        />
      )}
      <Button variant="default" className="settings-foot" onClick={() => void everywhere()}>
        Log out everywhere
      </Button>
      {dialog}
    </Card>
  );
}
