/** What the switch says of the items of lists and of their choices, by its English words. */
export const items: Record<string, string> = {
  'A hash of digest authentication.': 'Un hash de la autenticación digest.',
  'RFC 2617, for equipment that knows nothing else.':
    'RFC 2617, para equipos que no conocen otra cosa.',
  'RFC 8760.': 'RFC 8760.',
  'What kind of number it is by the numbering plan of its country.':
    'Qué clase de número es según el plan de numeración de su país.',
  'A fixed line.': 'Una línea fija.',
  'A plan that does not tell fixed lines from mobiles, as that of North America.':
    'Un plan que no distingue fijos de móviles, como el de América del Norte.',
  'Behind 882 and 883: networks of no country.': 'Tras 882 y 883: redes de ningún país.',
  'A mobile phone.': 'Un teléfono móvil.',
  'A pager.': 'Un buscapersonas.',
  'A number that follows a person.': 'Un número que sigue a una persona.',
  'The caller pays for more than the call.': 'Quien llama paga más que la llamada.',
  'Behind 870, 881 and 882 16: satellites.': 'Tras 870, 881 y 882 16: satélites.',
  'Caller and called party share the costs.': 'Quien llama y el llamado comparten los costos.',
  'The called party pays.': 'Paga el llamado.',
  'A number of a company in a whole country (UAN).':
    'Un número de una empresa en todo un país (UAN).',
  'Access to voicemail.': 'Acceso al buzón de voz.',
  'A number of voice over IP.': 'Un número de voz sobre IP.',
  'One rule: whom it fits, and what becomes of the call. Without `calling_prefixes`, `pattern` and `caller` it fits every caller.':
    'Una regla: a quién corresponde y qué pasa con la llamada. Sin `calling_prefixes`, `pattern` ni `caller` corresponde a todos los que llaman.',
  'A codec by its name in RTP payload maps, in lower case.':
    'Un códec por su nombre en los mapas de RTP, en minúsculas.',
  'AMR, narrowband.': 'AMR, banda estrecha.',
  'AMR, wideband.': 'AMR, banda ancha.',
  'EVS.': 'EVS.',
  'G.722, wideband.': 'G.722, banda ancha.',
  'G.723.1.': 'G.723.1.',
  'G.726 at 32 kbit/s.': 'G.726 a 32 kbit/s.',
  'G.729, with or without annex B.': 'G.729, con o sin el anexo B.',
  'GSM full rate.': 'GSM de velocidad completa.',
  'iLBC.': 'iLBC.',
  'Opus.': 'Opus.',
  'G.711 A-law.': 'G.711, ley A.',
  'G.711 µ-law.': 'G.711, ley µ.',
  'Speex.': 'Speex.',
  'T.38 fax, as a description of its own.': 'Fax T.38, como descripción propia.',
  'A rate and the day from which it counts.': 'Un tipo y el día desde el que vale.',
  'How often a carrier goes first.': 'Con qué frecuencia va primero un carrier.',
  'The name of an event, or of an area with `.*`, or `*`.':
    'El nombre de un evento, o de un área con `.*`, o `*`.',
  'A mail address.': 'Una dirección de correo.',
  'One address that a point of presence listens at.':
    'Una dirección en la que escucha un punto de presencia.',
  "Other margins than the card's for a destination or a prefix.":
    'Otros márgenes que los del tarifario para un destino o un prefijo.',
  'Calling numbers by their leading digits, under a name such as `EEA`. A row for the group is the same as a row for each of its prefixes.':
    'Números que llaman por sus primeros dígitos, con un nombre como `EEA`. Una fila para el grupo equivale a una fila para cada uno de sus prefijos.',
  "One row. The names are those of a deck's columns.":
    'Una fila. Los nombres son los de las columnas de una tabla de tarifas.',
  'A route in a group.': 'Una ruta de un grupo.',
  'A day without hours.': 'Un día sin horas.',
  'Hours of some days of each week.': 'Horas de algunos días de cada semana.',
  'A day of the week.': 'Un día de la semana.',
  'Friday.': 'Viernes.',
  'Monday, the first day.': 'Lunes, el primer día.',
  'Saturday.': 'Sábado.',
  'Sunday.': 'Domingo.',
  'Thursday.': 'Jueves.',
  'Tuesday.': 'Martes.',
  'Wednesday.': 'Miércoles.',
  'One rule: a prefix or a pattern, and what is put in its place.':
    'Una regla: un prefijo o un patrón, y qué se pone en su lugar.',
  'One more gateway of the carrier. An attempt that fails at one gateway (no reply, out of reach, 5xx) goes to the next before the next route is tried.':
    'Un gateway más del carrier. Un intento que falla en un gateway (sin respuesta, inalcanzable, 5xx) va al siguiente antes de probar la ruta siguiente.',
  "A header field of the operator's own.": 'Un campo de cabecera propio del operador.',
  'A text to be replaced in a header field.': 'Un texto que se reemplaza en un campo de cabecera.',
  'One line of the map of final responses: what comes as `from` goes on as `to`. The record keeps what came.':
    'Una línea del mapa de respuestas finales: lo que llega como `from` sigue como `to`. El registro conserva lo que llegó.',
  'A gateway of the carrier that several trunks may name: they share its limits and its status.':
    'Un gateway del carrier que varias troncales pueden nombrar: comparten sus límites y su estado.',
}
