import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

import { kindTextsIn } from '~/i18n'
import { type FieldWords, fieldWords } from '~/util/field-words'

/** What fields and their values are called, in the language that is shown. */
export function useFieldWords(): FieldWords {
  const { language } = useTranslation().i18n
  return useMemo(() => fieldWords(kindTextsIn(language)), [language])
}
