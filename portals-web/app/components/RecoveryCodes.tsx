import { Copy, Download } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'
import { Checkbox } from '~/ui/lib/Field'

export interface RecoveryCodesProps {
  codes: readonly string[]
  onClose: () => void
}

/** Shown this once: closing is possible when it is said that they are kept. */
export function RecoveryCodes({ codes, onClose }: RecoveryCodesProps) {
  const { t } = useTranslation(['account', 'common'])
  const [isKept, setKept] = useState(false)
  const [isCopied, setCopied] = useState(false)
  const text = `${codes.join('\n')}\n`
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      // They can still be selected by hand.
      () => undefined,
    )
  }
  return (
    <Dialog
      title={t('recovery.title')}
      closeLabel={t('common:close')}
      width="narrow"
      onClose={() => {
        if (isKept) onClose()
      }}
    >
      <div className="flex flex-col gap-4 overflow-y-auto p-4">
        <p className="text-ink-2">{t('recovery.lead')}</p>
        <ul
          aria-label={t('recovery.title')}
          className="grid grid-cols-2 gap-x-6 gap-y-1 rounded-control bg-subtle p-3 font-mono"
        >
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <div className="flex gap-2">
          <Button onClick={copy}>
            <Copy aria-hidden size={16} strokeWidth={1.75} />
            {isCopied ? t('common:copied') : t('common:copy')}
          </Button>
          <Button onClick={() => download(text)}>
            <Download aria-hidden size={16} strokeWidth={1.75} />
            {t('recovery.download')}
          </Button>
        </div>
        <label className="flex min-h-6 cursor-pointer items-center gap-2">
          <Checkbox checked={isKept} onChange={(event) => setKept(event.target.checked)} />
          {t('recovery.kept')}
        </label>
      </div>
      <footer className="flex justify-end border-t border-line px-4 py-3">
        <Button variant="primary" disabled={!isKept} onClick={onClose}>
          {t('recovery.done')}
        </Button>
      </footer>
    </Dialog>
  )
}

function download(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = address
  link.download = 'didtron-recovery-codes.txt'
  link.click()
  URL.revokeObjectURL(address)
}
