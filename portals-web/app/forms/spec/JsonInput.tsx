import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { TextArea } from '~/ui/lib/Field'
import type { Json } from '~/util/json-path'

import { type ControlProps, useSpecForm, useValue } from './context'

/** The last resort: a shape that no control is made for is written as JSON. */
export function JsonInput({ path, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const [typed, setTyped] = useState<string | null>(null)
  const [isWrong, setWrong] = useState(false)
  return (
    <>
      <TextArea
        {...frame}
        data-field={path}
        aria-invalid={frame['aria-invalid'] || isWrong}
        readOnly={isReadOnly}
        spellCheck={false}
        rows={4}
        value={typed ?? (value === undefined ? '' : JSON.stringify(value, null, 2))}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => {
          if (typed === null) return
          const read = parsed(typed)
          setWrong(read === null)
          if (read === null) return
          set(path, read.value)
          setTyped(null)
        }}
        className="font-mono text-body!"
      />
      {isWrong ? <p className="text-meta text-danger">{t('wrongJson')}</p> : null}
    </>
  )
}

function parsed(text: string): { value: Json | undefined } | null {
  if (text.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) as Json }
  } catch {
    return null
  }
}
