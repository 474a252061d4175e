import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { IconButton } from '~/ui/lib/IconButton'

const SHOWN_MS = 1_500

/** A text in the fixed-width face with a button that copies it. */
export function CopyText({ text }: { text: string }) {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)

  useEffect(() => {
    if (!copied) return undefined
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])

  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      // Without the right to the clipboard the text can still be selected by hand.
      () => undefined,
    )
  }

  return (
    <span className="inline-flex min-w-0 items-center gap-1">
      <span className="min-w-0 font-mono text-meta break-all">{text}</span>
      <IconButton
        icon={copied ? Check : Copy}
        label={copied ? t('copied') : t('copy')}
        size="small"
        onClick={copy}
      />
    </span>
  )
}
