/**
 * The shapes of RFC 8620 and 8621 that the pages use, for the type checker. Nothing here runs.
 */

/** @typedef {{ name: string | null, email: string }} EmailAddress */

/**
 * RFC 8621 §2.
 * @typedef {object} Mailbox
 * @property {string} id
 * @property {string} name
 * @property {string | null} parentId
 * @property {string | null} role
 * @property {number} sortOrder
 * @property {number} totalEmails
 * @property {number} unreadEmails
 * @property {number} totalThreads
 * @property {number} unreadThreads
 * @property {Record<string, boolean>} myRights
 * @property {boolean} isSubscribed
 */

/**
 * RFC 8621 §4.1.4.
 * @typedef {object} EmailBodyPart
 * @property {string | null} partId
 * @property {string | null} blobId
 * @property {number} size
 * @property {string | null} name
 * @property {string} type
 * @property {string | null} [charset]
 * @property {string | null} [disposition]
 * @property {string | null} [cid]
 * @property {string[] | null} [language]
 * @property {string | null} [location]
 * @property {EmailBodyPart[] | null} [subParts]
 */

/** @typedef {{ value: string, isEncodingProblem?: boolean, isTruncated?: boolean }} EmailBodyValue */

/**
 * RFC 8621 §4. List views hold the first group of properties; the rest is there once a message was opened.
 * @typedef {object} Email
 * @property {string} id
 * @property {string} threadId
 * @property {Record<string, boolean>} mailboxIds
 * @property {Record<string, boolean>} keywords
 * @property {EmailAddress[] | null} from
 * @property {EmailAddress[] | null} to
 * @property {string | null} subject
 * @property {string} receivedAt
 * @property {boolean} hasAttachment
 * @property {string} preview
 * @property {string} [blobId]
 * @property {number} [size]
 * @property {string | null} [sentAt]
 * @property {EmailAddress[] | null} [sender]
 * @property {EmailAddress[] | null} [cc]
 * @property {EmailAddress[] | null} [bcc]
 * @property {EmailAddress[] | null} [replyTo]
 * @property {string[] | null} [messageId]
 * @property {string[] | null} [inReplyTo]
 * @property {string[] | null} [references]
 * @property {EmailBodyPart[]} [textBody]
 * @property {EmailBodyPart[]} [htmlBody]
 * @property {EmailBodyPart[]} [attachments]
 * @property {Record<string, EmailBodyValue>} [bodyValues]
 */

/** @typedef {{ id: string, emailIds: string[] }} Thread */

/**
 * RFC 8621 §6.
 * @typedef {object} Identity
 * @property {string} id
 * @property {string} name
 * @property {string} email
 * @property {EmailAddress[] | null} replyTo
 * @property {EmailAddress[] | null} bcc
 * @property {string} textSignature
 * @property {string} htmlSignature
 * @property {boolean} mayDelete
 */

/** @typedef {{ emailId: string, subject: string | null, preview: string | null }} SearchSnippet */

/**
 * RFC 8620 §2.
 * @typedef {object} JMAPSession
 * @property {string} apiUrl
 * @property {string} downloadUrl
 * @property {string} uploadUrl
 * @property {string} eventSourceUrl
 * @property {string} state
 * @property {Record<string, any>} capabilities
 * @property {Record<string, string>} primaryAccounts
 * @property {Record<string, { name: string, accountCapabilities: Record<string, any> }>} accounts
 */

/**
 * Who is signed in: the answer of `/api/v1/session`.
 * @typedef {{ address: string, displayName: string, accountId: string, csrfToken: string }} Person
 */

/**
 * A place in the answer to an earlier call of the same request, RFC 8620 §3.7.
 * @typedef {{ resultOf: string, name: string, path: string }} ResultReference
 */

/**
 * The types of records that the store holds.
 * @typedef {'Mailbox' | 'Email' | 'Thread' | 'Identity' | 'EmailSubmission'} RecordType
 */

/**
 * A patch, RFC 8620 §5.3: property, or path to one, → new value; null removes.
 * @typedef {Record<string, any>} Patch
 */

export {};
