import { Download, FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button, buttonClass } from '~/ui/lib/Button'
import { readBundleFile } from '~/util/bundle'

import { type ControlProps, useSpecForm, useValue } from './context'

/** The file of rates: chosen here and sent along with the card. */
export function DeckInput({ path, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, deck, setDeck, deckAddress, isReadOnly } = useSpecForm()
  const name = useValue(path)
  const [isWrong, setWrong] = useState(false)
  const inputRef = useRef<HTMLInputElement>(null)
  const choose = async (file: File | undefined) => {
    if (!file) return
    const read = await readBundleFile(file).catch(() => null)
    const isDeck = read?.role === 'deck'
    setWrong(!isDeck)
    if (!isDeck) return
    set(path, read.name)
    setDeck(read.content)
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button
        {...frame}
        data-field={path}
        disabled={isReadOnly}
        onClick={() => inputRef.current?.click()}
      >
        <FileUp aria-hidden size={16} strokeWidth={1.75} />
        {t('chooseDeck')}
      </Button>
      {typeof name === 'string' ? <span className="font-mono text-meta">{name}</span> : null}
      {deck === null ? null : (
        <span className="text-meta text-ink-3">{t('deckLines', { count: lineCount(deck) })}</span>
      )}
      {deck === null && typeof name === 'string' && deckAddress ? (
        <a href={deckAddress} download className={buttonClass('quiet', 'default')}>
          <Download aria-hidden size={16} strokeWidth={1.75} />
          {t('downloadDeck')}
        </a>
      ) : null}
      {isWrong ? (
        <span role="alert" className="text-meta text-danger">
          {t('wrongDeck')}
        </span>
      ) : null}
      <input
        ref={inputRef}
        type="file"
        hidden
        data-testid="deck"
        accept=".csv,.gz"
        onChange={(event) => {
          void choose(event.target.files?.[0])
          event.target.value = ''
        }}
      />
    </div>
  )
}

function lineCount(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length
}
