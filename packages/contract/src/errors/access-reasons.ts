import type { Reason } from './reason.ts';

/** Reasons about who may do what; a part of `reasons`. */
export const accessReasons = {
  NOT_LOGGED_IN: {
    code: 'unauthenticated',
    when: 'The call requires a login.',
    next: 'Log in, or send a token in the header "Authorization: Bearer …".',
  },
  SESSION_EXPIRED: {
    code: 'unauthenticated',
    when: 'The session expired, was logged out, or ended because its user was changed.',
    next: 'Log in again.',
  },
  TOKEN_INVALID: {
    code: 'unauthenticated',
    when: 'The token is unknown, expired or revoked, or its user is disabled.',
    next: 'Create another one, for example under Settings in the web console.',
  },
  LOGIN_FAILED: {
    code: 'unauthenticated',
    when: 'The user name, password or login link is wrong; the error does not say which.',
    next: 'Try again, or ask an administrator for a login link.',
  },
  LOGIN_THROTTLED: {
    code: 'resource_exhausted',
    when: 'Too many logins failed for this user or from this address.',
    next: 'Wait for the time in the message, or use a login link.',
  },
  PRIVILEGE_MISSING: {
    code: 'permission_denied',
    when: 'The caller lacks the privilege for this.',
    next: 'Ask a user with the privilege user.manage for a role that includes it.',
  },
  ACCESS_CHANGED: {
    code: 'aborted',
    when: 'The caller’s privileges changed while this was open.',
    next: 'Reconnect.',
  },
  COMMAND_NOT_ALLOWED: {
    code: 'permission_denied',
    when: 'The token is limited to certain commands, and this is not one of them.',
    next: 'Start one of the commands that the message names, or use another token.',
  },
  CSRF_REFUSED: {
    code: 'permission_denied',
    when: 'A browser’s call would change something and lacks its session’s x-innkeeper-csrf header.',
    next: 'Send the csrf_token that Login and GetMe return.',
  },
  ORIGIN_REFUSED: {
    code: 'permission_denied',
    when: 'A page of another origin made the call.',
    next: 'Call from the web console itself, or with a token and not from a browser.',
  },
  HOST_REFUSED: {
    code: 'permission_denied',
    when: 'The call’s Host header is not a name or address of this daemon.',
    next: 'Use the address that the daemon printed, or restart it with --name.',
  },
  ACCOUNT_NOT_FOUND: {
    code: 'not_found',
    when: 'No user of Innkeeper has this name.',
    next: 'List the users, for example under Settings in the web console.',
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
    when: 'The current password, which a change requires, is wrong.',
    next: 'Try again, or ask an administrator for a login link.',
  },
  LAST_ADMINISTRATOR: {
    code: 'failed_precondition',
    when: 'This would leave no administrator: no enabled user with every privilege, or none of them with a password.',
    next: 'First give another user the role administrator and a password.',
  },
  ROLE_NOT_FOUND: { code: 'not_found', when: 'No role has this name.', next: 'See the list of roles.' },
  ROLE_BUILT_IN: {
    code: 'failed_precondition',
    when: 'The role is built in and cannot be changed.',
    next: 'Create a role with another name.',
  },
  ROLE_IN_USE: { code: 'failed_precondition', when: 'Users hold the role.', next: 'Remove it from them first.' },
  TOKEN_NOT_FOUND: { code: 'not_found', when: 'No token has this id.', next: 'See the list of tokens.' },
  LISTEN_REFUSED: {
    code: 'failed_precondition',
    when: 'The --listen address is beyond this host without TLS, or cannot be used.',
    next: 'Give --tls-cert and --tls-key, or --tls-self-signed; or --insecure-cleartext behind a proxy that terminates TLS.',
  },
} as const satisfies Record<string, Reason>;
