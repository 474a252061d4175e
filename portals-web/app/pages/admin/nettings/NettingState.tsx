import { useTranslation } from 'react-i18next'

import type { NettingStatement, NettingStateView } from '~/api/__generated__/schema'
import { Badge, type Tone } from '~/ui/lib/Badge'

const TONES: Record<NettingStateView, Tone> = {
  open: 'neutral',
  draft: 'info',
  confirmed: 'primary',
  paid: 'success',
}

/** Where a statement stands; that it is overdue, or cannot be made, comes first. */
export function NettingState(props: Pick<NettingStatement, 'state' | 'is_overdue' | 'failure'>) {
  const { t } = useTranslation('nettings')
  const { state, is_overdue, failure } = props
  if (failure !== null) return <Badge tone="danger">{t('failed')}</Badge>
  if (is_overdue) return <Badge tone="danger">{t('overdue')}</Badge>
  return <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>
}
