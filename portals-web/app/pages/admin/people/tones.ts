import type { UserState } from '~/api/__generated__/schema'
import type { Tone } from '~/ui/lib/Badge'

export const USER_TONES: Record<UserState, Tone> = {
  active: 'success',
  pending: 'info',
  suspended: 'warning',
}
