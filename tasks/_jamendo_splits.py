"""The lists of MTG-Jamendo's five splits: clips, digests of what is read from them, checksums."""

from dataclasses import dataclass

COMMIT = "1b4fa8c32e076c73b5175c1703ae805b4109309d"
"""Of the repository that publishes them."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Three lists of one split of one set of tags.

    Attributes:
        counts: of training, validation and test clips.
        digest: `digest_of` the clips.
        checksums: sha256 of the lists, in the same order.
    """

    counts: tuple[int, int, int]
    digest: str
    checksums: tuple[str, str, str]


LISTS = {
    ("top50", 0): Lists(
        (32_136, 10_888, 11_356),
        "71cfde2ec40623e39899f7f7fdc07f625772e39f5a960a3fd6b75735cbbe375d",
        (
            "6dee445ddd1901286184c2059d3d5eef7486f083ae80de9011705f852a850dde",
            "4f5f0f0a7662f523b45727476f67d799d6e98151b2c585a8e94e19d980ad93c1",
            "3ede06a35e6cb27e1dbe8cfc84708a607622e30e5cd0a7199fce6c081124bc35",
        ),
    ),
    ("top50", 1): Lists(
        (32_395, 10_619, 11_366),
        "4cf6be58af00e2120c861c92ae5013d7ae532a3bd65bdab58af5e3be225be02c",
        (
            "3bd4a130665e8115184aa8c7c26a765acaa63794736c056af366edc265cfc23f",
            "b5394db077986e3099963d1c56b10c471528e34bf1c079f26d59982cff679478",
            "a5e18db49729bd3dc63130a5b7fd3c550e22f6c86c5db794277dcf782c7e61d3",
        ),
    ),
    ("top50", 2): Lists(
        (32_010, 11_961, 10_409),
        "63fa31a4883dbfda0c5744d30e3be43a9ffe7c97b699321202e10d3bbd6633b6",
        (
            "bfdad32875b508863c8f5f3021cbdec58cab435d97343fde29c315aef4b40e19",
            "925e17ca6b579d676ff4f611c9db54990266ddc5a09736a680b317391032e870",
            "44f0d2c3ffe7f657b6453ed219b2cd21403cef39905084c37399721d259cff3e",
        ),
    ),
    ("top50", 3): Lists(
        (33_173, 10_468, 10_739),
        "17c9c98a15a804eafe448317a60b0267fde003d4dee44d60c4da31178a102788",
        (
            "6be5a56a1823cc1fa8b12c908908a6595e9ee692fa0d805e667c0becb9de20d6",
            "ad1aec2bfc0f1c346a266a320bdb382242ec3701e91e183026e121cf901d94c9",
            "f18f37b4eb83828aae406176c52f00d26bffe03cf4875b3f2c45dd5d4fbb6ae7",
        ),
    ),
    ("top50", 4): Lists(
        (30_868, 11_593, 11_919),
        "51271ec1c59dab6c5750308e4f76b3b13f3416075d02bdb41d61300bf4274093",
        (
            "6db11dfda8c5d5c8b3a3758fb2a9fd588d7b354cafd4bbba7d6aab8644c68ad7",
            "a09b38e3d5dca348d28edfacd7c166e4b9d19ba6d90c0d94f996ee4820c4383f",
            "c523cf03c2fca914509ef11103047a026c99f14e7fdd3f4d36ee61b65484563f",
        ),
    ),
    ("genre", 0): Lists(
        (32_572, 11_043, 11_479),
        "2a63c301f90eccd3287856ca90df639fad734e4674f8ddaf56cb535f81d64e0d",
        (
            "c1cddb195ef94a07e67e227bf38e2a79389c1820950702b8c8894a2096f21e54",
            "3e203b4c573db6ec63a06c7066cf678dcf673a68ad5694c8fed22637c270dbcf",
            "cf917388eebfa7d17d363c2fca037e2379ac027e31aa6dbe92e8dbf409ac5098",
        ),
    ),
    ("genre", 1): Lists(
        (32_746, 10_833, 11_515),
        "b8bc9b927ede711e8b62a6115dd517f9842784cc733ad7d9c058c183d88e3466",
        (
            "7fe00dcdb1e342f87d56c77cbde3b227f381f677682a20374a39ea28381019f3",
            "aedf2199ba338db33e1bacaa79030c43b76c3a455da5e5022a68c7a3f1d8b6dd",
            "bd550f0dea6842c7301cb9a68b71aa5900c1094a7ccccdff71cbd12280f9f415",
        ),
    ),
    ("genre", 2): Lists(
        (32_360, 12_185, 10_549),
        "1ac1dfc6c2217aded3df9cd307d73ee09074fd2b79a744705d7c8bf15389bbd7",
        (
            "efa43e3a73f39f4f87e68cf7d889b86ec25145cfde3d6487400107c59a699025",
            "8e151e0fa4800f8744e2efc676918c2e397e6775939624d286e8a5aba99cbaf8",
            "9177b492ccd2d8076ffcf4622328fbc80cf59be9071355650a1c19cdb357765d",
        ),
    ),
    ("genre", 3): Lists(
        (33_515, 10_656, 10_923),
        "7a519d87ba58883d2f87040c40ebafeabb8ba1dd8b0d4aa63928303fc620e427",
        (
            "ffd1c5bcdc32335da970ba4fdee6e71df8c6fac0ac3892f89dec34bf795e6e9f",
            "4a935f4956ea6121865b83550a5ac76b10f88aff18533a8f138085772e5cdec9",
            "110dd6fca7160d2a8396bd5b62a609e2ec100302d0ba69d1cd31d495973fbf39",
        ),
    ),
    ("genre", 4): Lists(
        (31_305, 11_804, 11_985),
        "cec0babfc2b48be8c62c61d83b3f91ff30044fc48c52c4de681e43dee78d6ae9",
        (
            "e4ea2b56d0f66845c65aba40c43ff3d71724f8c9769c96b6bee512ae7c6311a1",
            "30ca5cb964b2538b65a626303763410f3ed392e866cb4c602d8ca41f94676bef",
            "7e736624157e32cbca41e68978b78e9eaac5222d9f428cc572fe00c28ec3a4b1",
        ),
    ),
    ("instrument", 0): Lists(
        (14_395, 5_466, 5_115),
        "1ad7531891815a27edf79fbd7dbc515bc11566c8b22bf2732ed511f4025b2e5e",
        (
            "f844a85f0b40bb31a5d5b448ddfc10a68d7b38ecc760673d23df2bd6e7ca0f4c",
            "a5060020013ac5ba65c6470ee83fc2a9785db1fe554b55065de08aa9b0cca70d",
            "8c1ab86f3212b6484106baf2e78f70dd5520b917607487ac98999adbd5d7ab1a",
        ),
    ),
    ("instrument", 1): Lists(
        (14_943, 4_960, 5_073),
        "a893a1b8b7df0dd8c220c80a658c2ea87f2ffa754aaaf68c6c9924edfbd9417c",
        (
            "f5bfec3e615c0a58f8d3d10b120623c900ba5b6a778e7570dc0a21e76a96c58c",
            "58f604ff6bac7ece774e0b2d5a61b08361352c8b913a57a961c3ec309e467081",
            "d534a4862d2aa832a1a44710a9a66d387b8c7dcc4fa89f29a319db3951f171e7",
        ),
    ),
    ("instrument", 2): Lists(
        (14_702, 5_066, 5_208),
        "04a27776e0419cca22281d75d6f5d9a2c90d50bff22ad504f3d01c1727aee7af",
        (
            "bfab4e40ccaea643661c2cc00c94337acf6ca9a196f030b4c060d493dc28d6b8",
            "baff5a7b9256d7d471652af36d39e777c71ed1a7b352b7a91acea406b69dfc29",
            "6d156620287481bbc64ab35a8caabab7837d4767b4f4b110d289113a2c2fc240",
        ),
    ),
    ("instrument", 3): Lists(
        (14_875, 5_068, 5_033),
        "cc43e921305f8f2c34aecd5cb485841ea7bd5118aaaa7b0d71614ee5f0c37448",
        (
            "1f98b96506e7d6ab4d9e0623788fc170a096cf48055bfc218a6125bfe9bf1755",
            "91edb348e1ef5946fe6d0c019cf5dbc6a84d3b38f4686043a017a9634144a96f",
            "c6bf28a4172a7a020ec50ea0c5606956341f1951b43d6d80266abea3a036c09f",
        ),
    ),
    ("instrument", 4): Lists(
        (14_829, 5_159, 4_988),
        "899ae6f8054b87848b1363b324c025f17e958b209410d19063a4af72f98aacb9",
        (
            "256d339d4244eb86d44cc060d8233e7178cb8e3e2758fed321727ce345d7b097",
            "47909d5530a96f2313f47523c235f740c866361b997c8b59df423f00462dc587",
            "dad344936e53391ad0016f484ac5c2bdd2d98a1bfa91102968b7c477f222910f",
        ),
    ),
    ("moodtheme", 0): Lists(
        (9_949, 3_802, 4_231),
        "60aedbda7a2c40b97be1c0211f6fbabf7525dc4bf787e395caa2dc8a8330b24a",
        (
            "e5e9e798364b34bd241b773e5011809b24429edf471f27cf21dd8181077ba2d4",
            "ecaa279367153476884d84d686479e566234cef1814bd6892a8755ba0a550dbf",
            "4341b5586bb3e5a80a882ce9ef33cb8b1bdaa7df856246ecc5de188dfe1cf394",
        ),
    ),
    ("moodtheme", 1): Lists(
        (10_190, 3_594, 4_198),
        "4e514a77dc6487aefeb6645681729884fa29a8526598994315d7da718eb2ee2c",
        (
            "9468ad34941885a85d6c44de41091ce5d794286c2e576da2f84bae8a1285c39b",
            "46172bb1e223e0adffbecfb0764c2bffd2b5c039a513a0768c3f723a258b8f80",
            "19a1cc3d37faef2d9e952c6eaaf8bf34b825416553f237bc0e5855626ce0bb43",
        ),
    ),
    ("moodtheme", 2): Lists(
        (10_484, 4_085, 3_413),
        "087c1c4d1b88f61948108ca6e53dfff5124fa2c9f6247faa5a6407c7193ff2cc",
        (
            "41e689d69f6db29baaf137be504891c410babeec9c427818062e2dabb007b3f6",
            "ac1c80914eb8aa7667149bad0c0698486eafb379c88c75bfe92e4d0bd052b8b7",
            "546e17cb7d451855e85ddc07acfdebe2484042cb22641832f2605cc23f1e2925",
        ),
    ),
    ("moodtheme", 3): Lists(
        (10_920, 3_500, 3_562),
        "aaeb52e20c8eb3d2e4a0768ac4e6f28e5dd2119a45c64da6565c2a10d2516458",
        (
            "8e6da99d9d2ce280e7760ce161ad82ef8b1314e4dd24d6293963240353d3b7bb",
            "aba5d92b96987f14c1542cf4657062a8236df7d4817fac25b08d8a34c5ecf8e8",
            "ea406baf33a2134ee25a4141ec6287029e52ab8e0f4bd34fc024df74e7cee4e4",
        ),
    ),
    ("moodtheme", 4): Lists(
        (10_241, 3_706, 4_035),
        "97f9094e1c8d92130ac07503629fd14588ff98cc77c395db85ffd03c2487d1ee",
        (
            "3e81e6b3abde41b8f64b942c075876c03ee8952ca7a47f953602ae226dd5e3af",
            "b5969fd8a3b15d285337aec6b9fc96a95cb3fead214165eaeeac9940dc9335e3",
            "f7799ee74a7d4703b9de5f177f9897177a7accdb5f84e915eddd89c50ce965e9",
        ),
    ),
}
"""(tags, split) → lists."""
