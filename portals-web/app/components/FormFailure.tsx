import { CircleAlert } from 'lucide-react'

import { errorCode } from '~/api/errors'
import { useErrorText } from '~/hooks/use-error-text'

export interface FormFailureProps {
  error: unknown
  /** What a conflict means here, and what to do about it. */
  conflict?: string
}

/** Why a form was refused, where nobody is signed in yet. */
export function FormFailure({ error, conflict }: FormFailureProps) {
  const errorText = useErrorText()
  if (!error) return null
  const { title, advice } = errorText(error)
  return (
    <p
      role="alert"
      className="flex items-start gap-2 rounded-control bg-badge-danger-bg px-3 py-2 text-badge-danger"
    >
      <CircleAlert aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0" />
      <span>
        <span className="font-medium">{title}</span>
        <span className="block">
          {errorCode(error) === 'conflict' && conflict ? conflict : advice}
        </span>
      </span>
    </p>
  )
}
