import { useBlocker } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'

export interface LeaveGuardProps {
  /** Whether something would be lost. */
  isDirty: boolean
}

/** Asks before a form with unsaved work is left; a clean one never asks. */
export function LeaveGuard({ isDirty }: LeaveGuardProps) {
  const { t } = useTranslation(['configuration', 'common'])
  const blocker = useBlocker({
    // Another tab of the same record keeps the form.
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty,
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  return (
    <Dialog
      title={t('leave.title')}
      closeLabel={t('common:close')}
      width="narrow"
      onClose={blocker.reset}
    >
      <p className="p-4">{t('leave.body')}</p>
      <footer className="flex justify-end gap-2 border-t border-line px-4 py-3">
        <Button variant="danger" onClick={blocker.proceed}>
          {t('leave.discard')}
        </Button>
        <Button variant="primary" onClick={blocker.reset}>
          {t('leave.keep')}
        </Button>
      </footer>
    </Dialog>
  )
}
