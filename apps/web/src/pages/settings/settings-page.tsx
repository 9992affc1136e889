import type { ComponentType, JSX } from 'react';
import { useParams } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Page } from '../../components/page.tsx';
import { TabBar } from '../../components/tab-bar.tsx';
import { lazyPage, PageSlot } from '../../lazy-page.tsx';
import { NotFoundPage } from '../not-found-page.tsx';

interface Section {
  readonly key: string;
  readonly label: string;
  readonly privilege?: string;
  readonly component: ComponentType;
}

/** The sections of the settings. Each is one entry here and one lazily loaded file. */
const sections: readonly Section[] = [
  { key: 'password', label: 'My password', component: lazyPage(() => import('./password-section.tsx')) },
  { key: 'sessions', label: 'My sessions', component: lazyPage(() => import('./sessions-section.tsx')) },
  { key: 'tokens', label: 'Tokens', component: lazyPage(() => import('./tokens-section.tsx')) },
  {
    key: 'users',
    label: 'Users',
    privilege: 'user.manage',
    component: lazyPage(() => import('./users-section.tsx')),
  },
  {
    key: 'roles',
    label: 'Roles',
    privilege: 'user.manage',
    component: lazyPage(() => import('./roles-section.tsx')),
  },
];

/** The user's account; and all users and roles, for users who manage them. */
export function SettingsPage(): JSX.Element {
  const { section: key = 'password' } = useParams();
  const { me } = useMe();
  const allowed = sections.filter(({ privilege }) => privilege === undefined || hasPrivilege(me, privilege));
  const section = allowed.find((each) => each.key === key);
  if (section === undefined) return <NotFoundPage />;
  return (
    <Page title="Settings" windowTitle={`${section.label} · Settings`}>
      <TabBar
        label="Settings"
        active={key}
        tabs={allowed.map(({ key: each, label }) => ({ key: each, label, path: `/settings/${each}` }))}
      />
      <PageSlot key={key} page={section.component} />
    </Page>
  );
}
