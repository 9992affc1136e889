export interface SettingsSection {
  /** Last part of the address: /settings/KEY. */
  readonly key: 'password' | 'sessions' | 'tokens' | 'users' | 'roles';
  readonly label: string;
  readonly privilege?: string;
}

/** The sections of the settings, in order; the palette finds them too. */
export const settingsSections: readonly SettingsSection[] = [
  { key: 'password', label: 'My password' },
  { key: 'sessions', label: 'My sessions' },
  { key: 'tokens', label: 'Tokens' },
  { key: 'users', label: 'Users', privilege: 'user.manage' },
  { key: 'roles', label: 'Roles', privilege: 'user.manage' },
];
