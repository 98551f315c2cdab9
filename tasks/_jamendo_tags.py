"""The tags of MTG-Jamendo, as its lists spell them."""

GENRES = (
    *("60s", "70s", "80s", "90s", "acidjazz", "alternative", "alternativerock", "ambient"),
    *("atmospheric", "blues", "bluesrock", "bossanova", "breakbeat", "celtic", "chanson"),
    *("chillout", "choir", "classical", "classicrock", "club", "contemporary", "country"),
    *("dance", "darkambient", "darkwave", "deephouse", "disco", "downtempo", "drumnbass"),
    *("dub", "dubstep", "easylistening", "edm", "electronic", "electronica", "electropop"),
    *("ethno", "eurodance", "experimental", "folk", "funk", "fusion", "groove", "grunge"),
    *("hard", "hardrock", "hiphop", "house", "idm", "improvisation", "indie", "industrial"),
    *("instrumentalpop", "instrumentalrock", "jazz", "jazzfusion", "latin", "lounge"),
    *("medieval", "metal", "minimal", "newage", "newwave", "orchestral", "pop", "popfolk"),
    *("poprock", "postrock", "progressive", "psychedelic", "punkrock", "rap", "reggae", "rnb"),
    *("rock", "rocknroll", "singersongwriter", "soul", "soundtrack", "swing", "symphonic"),
    *("synthpop", "techno", "trance", "triphop", "world", "worldfusion"),
)
INSTRUMENTS = (
    *("accordion", "acousticbassguitar", "acousticguitar", "bass", "beat", "bell", "bongo"),
    *("brass", "cello", "clarinet", "classicalguitar", "computer", "doublebass"),
    *("drummachine", "drums", "electricguitar", "electricpiano", "flute", "guitar"),
    *("harmonica", "harp", "horn", "keyboard", "oboe", "orchestra", "organ", "pad"),
    *("percussion", "piano", "pipeorgan", "rhodes", "sampler", "saxophone", "strings"),
    *("synthesizer", "trombone", "trumpet", "viola", "violin", "voice"),
)
MOODS = (
    *("action", "adventure", "advertising", "background", "ballad", "calm", "children"),
    *("christmas", "commercial", "cool", "corporate", "dark", "deep", "documentary", "drama"),
    *("dramatic", "dream", "emotional", "energetic", "epic", "fast", "film", "fun", "funny"),
    *("game", "groovy", "happy", "heavy", "holiday", "hopeful", "inspiring", "love"),
    *("meditative", "melancholic", "melodic", "motivational", "movie", "nature", "party"),
    *("positive", "powerful", "relaxing", "retro", "romantic", "sad", "sexy", "slow", "soft"),
    *("soundscape", "space", "sport", "summer", "trailer", "travel", "upbeat", "uplifting"),
)
TOP50 = (
    *("genre---alternative", "genre---ambient", "genre---atmospheric", "genre---chillout"),
    *("genre---classical", "genre---dance", "genre---downtempo", "genre---easylistening"),
    *("genre---electronic", "genre---experimental", "genre---folk", "genre---funk"),
    *("genre---hiphop", "genre---house", "genre---indie", "genre---instrumentalpop"),
    *("genre---jazz", "genre---lounge", "genre---metal", "genre---newage"),
    *("genre---orchestral", "genre---pop", "genre---popfolk", "genre---poprock"),
    *("genre---reggae", "genre---rock", "genre---soundtrack", "genre---techno"),
    *("genre---trance", "genre---triphop", "genre---world", "instrument---acousticguitar"),
    *("instrument---bass", "instrument---computer", "instrument---drummachine"),
    *("instrument---drums", "instrument---electricguitar", "instrument---electricpiano"),
    *("instrument---guitar", "instrument---keyboard", "instrument---piano"),
    *("instrument---strings", "instrument---synthesizer", "instrument---violin"),
    *("instrument---voice", "mood/theme---emotional", "mood/theme---energetic"),
    *("mood/theme---film", "mood/theme---happy", "mood/theme---relaxing"),
)
