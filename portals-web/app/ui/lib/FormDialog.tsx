import type { ReactNode, SubmitEvent } from 'react'

import { Button } from './Button'
import { Dialog } from './Dialog'

export interface FormDialogProps {
  title: string
  closeLabel: string
  cancel: string
  submit: string
  isBusy: boolean
  isDanger?: boolean
  /** Not yet: something must be chosen or known first. */
  isBlocked?: boolean
  width?: 'narrow' | 'default' | 'wide' | undefined
  onSubmit: (event: SubmitEvent<HTMLFormElement>) => void
  onClose: () => void
  children: ReactNode
}

/** A form in a dialog; Enter in a field sends it. */
export function FormDialog(props: FormDialogProps) {
  const { title, closeLabel, cancel, submit, isBusy, isDanger = false, isBlocked = false } = props
  return (
    <Dialog title={title} closeLabel={closeLabel} width={props.width} onClose={props.onClose}>
      <form noValidate onSubmit={props.onSubmit} className="flex min-h-0 flex-col">
        <div className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">{props.children}</div>
        <footer className="flex justify-end gap-2 border-t border-line px-4 py-3">
          <Button onClick={props.onClose}>{cancel}</Button>
          <Button
            type="submit"
            variant={isDanger ? 'danger' : 'primary'}
            disabled={isBusy || isBlocked}
          >
            {submit}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
