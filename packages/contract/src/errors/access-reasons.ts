import type { Reason } from './reason.ts';

/** Reasons about who may do what; a part of `reasons`. */
export const accessReasons = {
  NOT_LOGGED_IN: {
    code: 'unauthenticated',
    when: 'The call needs somebody who is logged in.',
    next: 'Log in, or send a token: "Authorization: Bearer …".',
  },
  SESSION_EXPIRED: {
    code: 'unauthenticated',
    when: 'The session ended: by time, by a logout, or because the user was changed.',
    next: 'Log in again.',
  },
  TOKEN_INVALID: {
    code: 'unauthenticated',
    when: 'The token is not known, has expired or was revoked, or its user is disabled.',
    next: 'Make another one: "inn token create", or Settings in the web console.',
  },
  LOGIN_FAILED: {
    code: 'unauthenticated',
    when: 'The user name, the password or the link is wrong; which one is not told.',
    next: 'Try again, or have an administrator make a login link.',
  },
  LOGIN_THROTTLED: {
    code: 'resource_exhausted',
    when: 'Too many logins failed for this user or from this address.',
    next: 'Wait as long as the message says, or use a login link.',
  },
  PRIVILEGE_MISSING: {
    code: 'permission_denied',
    when: 'The caller may not do this.',
    next: 'Somebody with the privilege user.manage can give a role that has it.',
  },
  ACCESS_CHANGED: {
    code: 'aborted',
    when: 'What the caller may do was changed while this was open.',
    next: 'Open it again.',
  },
  COMMAND_NOT_ALLOWED: {
    code: 'permission_denied',
    when: 'The token may start certain commands only, and this is none of them.',
    next: 'Start one of the commands that the message names, or use another token.',
  },
  CSRF_REFUSED: {
    code: 'permission_denied',
    when: 'A browser’s call changes something and has no x-innkeeper-csrf header of its session.',
    next: 'Send the csrf_token that Login and GetMe give.',
  },
  ORIGIN_REFUSED: {
    code: 'permission_denied',
    when: 'A page of another origin made the call.',
    next: 'Call from the web console itself, or with a token and not from a browser.',
  },
  HOST_REFUSED: {
    code: 'permission_denied',
    when: 'The call names a host that this daemon does not go by.',
    next: 'Use the address that the daemon printed, or start it with --name.',
  },
  ACCOUNT_NOT_FOUND: {
    code: 'not_found',
    when: 'No user of Innkeeper has this name.',
    next: 'See "inn user ls", or Settings in the web console.',
  },
  ACCOUNT_NAME_TAKEN: {
    code: 'already_exists',
    when: 'Another user of Innkeeper has this name.',
    next: 'Choose another name.',
  },
  ACCOUNT_DISABLED: {
    code: 'failed_precondition',
    when: 'The user is disabled.',
    next: 'Enable the user first.',
  },
  PASSWORD_UNFIT: {
    code: 'invalid_argument',
    when: 'A new password is too short or too long.',
    next: 'Use 10 to 1,024 bytes.',
  },
  PASSWORD_WRONG: {
    code: 'permission_denied',
    when: 'The current password, asked for before a change, is wrong.',
    next: 'Try again, or have an administrator make a login link.',
  },
  LAST_ADMINISTRATOR: {
    code: 'failed_precondition',
    when: 'No administrator would be left: nobody who may manage users, has every privilege, or has both and a password.',
    next: 'Give another user the role administrator, and a password, first.',
  },
  ROLE_NOT_FOUND: { code: 'not_found', when: 'No role has this name.', next: 'See the list of roles.' },
  ROLE_BUILT_IN: {
    code: 'failed_precondition',
    when: 'The role is built in, and stays as it is.',
    next: 'Make a role of another name.',
  },
  ROLE_IN_USE: { code: 'failed_precondition', when: 'Users hold the role.', next: 'Take it from them first.' },
  TOKEN_NOT_FOUND: { code: 'not_found', when: 'No token has this id.', next: 'See the list of tokens.' },
  LISTEN_REFUSED: {
    code: 'failed_precondition',
    when: 'The daemon was told to listen beyond this host without TLS, or where it cannot.',
    next: 'Give --tls-cert and --tls-key, or --tls-self-signed; or --insecure-cleartext behind a proxy that has TLS.',
  },
} as const satisfies Record<string, Reason>;
