import type { ComponentType, JSX } from 'react';
import { useParams } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Page } from '../../components/page.tsx';
import { TabBar } from '../../components/tab-bar.tsx';
import { lazyPage, PageSlot } from '../../lazy-page.tsx';
import { NotFoundPage } from '../not-found-page.tsx';
import { type SettingsSection, settingsSections } from './settings-sections.ts';

/** The lazily loaded file of each section. */
const components: Readonly<Record<SettingsSection['key'], ComponentType>> = {
  password: lazyPage(() => import('./password-section.tsx')),
  sessions: lazyPage(() => import('./sessions-section.tsx')),
  tokens: lazyPage(() => import('./tokens-section.tsx')),
  users: lazyPage(() => import('./users-section.tsx')),
  roles: lazyPage(() => import('./roles-section.tsx')),
};

/** The user's account; and all users and roles, for users who manage them. */
export function SettingsPage(): JSX.Element {
  const { section: key = 'password' } = useParams();
  const { me } = useMe();
  const allowed = settingsSections.filter(({ privilege }) => privilege === undefined || hasPrivilege(me, privilege));
  const section = allowed.find((each) => each.key === key);
  if (section === undefined) return <NotFoundPage />;
  return (
    <Page title="Settings" windowTitle={`${section.label} · Settings`}>
      <TabBar
        label="Settings"
        active={key}
        tabs={allowed.map(({ key: each, label }) => ({ key: each, label, path: `/settings/${each}` }))}
      />
      <PageSlot key={key} page={components[section.key]} />
    </Page>
  );
}
