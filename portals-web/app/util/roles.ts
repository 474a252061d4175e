/** The roles that are built in, the mightiest first. Operators make others beside them. */
export const STAFF_ROLES = [
  'super_admin',
  'admin',
  'finance',
  'support',
  'sales',
  'marketing',
  'viewer',
] as const

export const ACCOUNT_ROLES = {
  customer: ['owner', 'admin', 'billing', 'technical', 'viewer'],
  carrier: ['owner', 'admin', 'rates', 'technical', 'viewer'],
} as const
