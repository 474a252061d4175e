/** What the switch says of sources of exchange rates, by its English words. */
export const exchange: Record<string, string> = {
  'Somebody who publishes exchange rates. They are read again and again, and what is new comes into force at the next midnight in UTC, as one change of the configuration: a rate that counts, or has counted, is never written again.':
    'Alguien que publica tipos de cambio. Se leen una y otra vez, y lo nuevo entra en vigor en la siguiente medianoche UTC, como un solo cambio de la configuración: un tipo que vale o ha valido no se vuelve a escribir.',
  'Whether it is read.': 'Si se lee.',
  'Who publishes them.': 'Quién los publica.',
  "Open Exchange Rates, by an account's App ID.":
    'Open Exchange Rates, con el App ID de una cuenta.',
  'The daily file of the European Central Bank.': 'El archivo diario del Banco Central Europeo.',
  'The currencies that are taken, by their codes of ISO 4217. Each has one source.':
    'Las monedas que se toman, por sus códigos de ISO 4217. Cada una tiene una sola fuente.',
  'Open Exchange Rates: the App ID of the account.': 'Open Exchange Rates: el App ID de la cuenta.',
  'Where it is read from instead: the address before `/latest.json` of Open Exchange Rates, or that of the file of the European Central Bank. Plain `http://` is for tests on the same host.':
    'De dónde se lee en su lugar: la dirección antes de `/latest.json` de Open Exchange Rates, o la del archivo del Banco Central Europeo. `http://` sin cifrar es para pruebas en el mismo equipo.',
  "the publisher's own": 'la propia de quien publica',
  'How often it is read.': 'Cada cuánto se lee.',
  'A rate that moves by more than this against the one before is told, and waits until somebody confirms it: with 100, to more than twice or less than half.':
    'Un tipo que se mueve más que esto frente al anterior se avisa, y espera hasta que alguien lo confirme: con 100, a más del doble o a menos de la mitad.',
  'Rates that were published longer ago are stale, which is told. The European Central Bank publishes none for five days about Easter.':
    'Los tipos publicados hace más tiempo están anticuados, y se avisa. El Banco Central Europeo no publica durante cinco días por Pascua.',
  'How much less a unit is worth where rates are shown to customers, in hundredths of a percent. Nothing is charged or booked by it.':
    'Cuánto menos vale una unidad donde se muestran tipos a los clientes, en centésimas de por ciento. Nada se cobra ni se asienta con ello.',
  hours: 'horas',
  'basis points': 'puntos básicos',
  minutes: 'minutos',
}
