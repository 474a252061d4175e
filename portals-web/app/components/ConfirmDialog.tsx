import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'

import { ProblemNotice } from './ProblemNotice'

export interface ConfirmDialogProps {
  title: string
  /** What the answer does. */
  confirm: string
  /** Instead of Cancel. */
  cancel?: string
  isDanger?: boolean
  isBusy?: boolean
  /** Why it could not be done. */
  error?: unknown
  onConfirm: () => void
  onClose: () => void
  children: ReactNode
}

/** Asks before something is done; what speaks against it is said here. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, confirm, cancel, isDanger = false, isBusy = false, error, children } = props
  const { t } = useTranslation()
  return (
    <Dialog title={title} closeLabel={t('close')} width="narrow" onClose={props.onClose}>
      <div className="flex flex-col gap-3 overflow-y-auto p-4">
        {children}
        {error ? <ProblemNotice error={error} /> : null}
      </div>
      <footer className="flex justify-end gap-2 border-t border-line px-4 py-3">
        <Button onClick={props.onClose}>{cancel ?? t('cancel')}</Button>
        <Button
          variant={isDanger ? 'danger' : 'primary'}
          disabled={isBusy}
          onClick={props.onConfirm}
        >
          {confirm}
        </Button>
      </footer>
    </Dialog>
  )
}
