import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { drawRecoveryCodes } from '~/api/security'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { Button } from '~/ui/lib/Button'
import { Panel } from '~/ui/lib/Panel'

import type { FactorPanelProps } from './AuthenticatorPanel'

/** From so few on it is time for new ones. */
const FEW = 3

/** The way in when the device is lost. */
export function RecoveryPanel({ left, onChanged }: FactorPanelProps & { left: number }) {
  const { t } = useTranslation('account')
  const [isAsking, setAsking] = useState(false)
  const draw = useMutation({
    mutationFn: drawRecoveryCodes,
    onSuccess: async (codes) => {
      setAsking(false)
      await onChanged(codes)
    },
  })
  return (
    <Panel title={t('recovery.title')}>
      <div className="flex flex-col items-start gap-3">
        <p className="text-ink-2">{t('recovery.about')}</p>
        <p className={left <= FEW ? 'font-medium text-warning' : undefined}>
          {t('recovery.left', { count: left })}
        </p>
        <Button onClick={() => setAsking(true)}>{t('recovery.draw')}</Button>
      </div>
      {isAsking ? (
        <ConfirmDialog
          title={t('recovery.drawTitle')}
          confirm={t('recovery.draw')}
          isBusy={draw.isPending}
          error={draw.error}
          onConfirm={() => draw.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('recovery.drawBody')}</p>
        </ConfirmDialog>
      ) : null}
    </Panel>
  )
}
