/**
 * What views are given. Nothing here runs.
 *
 * @typedef {object} MailDeps
 * @property {import('../jmap/client.js').Client} client
 * @property {import('../jmap/store.js').Store} store
 * @property {import('../jmap/types.js').Person} person
 * @property {string} accountId
 * @property {import('../lib/router.js').Router} router
 * @property {import('../lib/preferences.js').PreferencesCell} preferences
 * @property {import('../components/toast.js').ShowToast} toast
 * @property {typeof import('../lib/i18n.js').t} t
 * @property {import('./mailboxes.js').Mailboxes} mailboxes
 * @property {import('./actions.js').MailActions} actions
 * @property {() => Set<string>} own  the person's own addresses, lower case
 * @property {() => Set<string>} hidden  ids of the folders whose messages count nowhere else: Junk, Trash
 * @property {(spec: ComposerSpec) => void} openComposer  the composer, loaded when it is first needed
 * @property {() => void} signOut
 */

/**
 * @typedef {object} ComposerSpec
 * @property {'new' | 'reply' | 'replyAll' | 'forward' | 'draft' | 'mailto'} mode
 * @property {string} [emailId]
 * @property {string} [url]
 * @property {import('../jmap/types.js').EmailAddress[]} [to]
 * @property {string} [subject]
 */

export {};
