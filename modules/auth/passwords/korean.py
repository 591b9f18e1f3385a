"""Common Korean passwords, in Hangul and as typed on a Latin keyboard.

A password field gets Latin letters even if the user types Hangul on the two-set layout (KS X 5002):
`dkssudgktpdy` is 안녕하세요, and as easy to guess.
"""

from collections.abc import Iterator
from functools import cache

LEADING = tuple("rRseEfaqQtTdwWczxvg")
VOWELS = "k o i O j p u P h hk ho hl y n nj np nl b m ml l".split()  # noqa: SIM905
TRAILING = " r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g".split(" ")  # noqa: SIM905
FIRST, LAST = "가", "힣"

ENDINGS = ("", *"1 12 123 1234 12345 ! 1! 123! 1234! 00 7 77 486".split())  # noqa: SIM905

WORDS = """
안녕 안녕하세요 안녕하십니까 안녕히계세요 안녕히가세요 반갑습니다 반가워요 감사합니다 감사해요
고맙습니다 고마워 고마워요 미안해 미안해요 미안합니다 죄송합니다 괜찮아 괜찮아요 사랑 사랑해
사랑해요 사랑합니다 사랑한다 사랑스러운 내사랑 내사랑아 사랑해사랑해 영원한사랑 영원히
영원히사랑해 나는너를사랑해 너를사랑해 당신을사랑해 보고싶어 보고싶다 보고싶어요 좋아해
좋아해요 좋아합니다 행복 행복해 행복해요 행복하자 행복하세요 행복합시다 행복한하루 우리행복하자
우리가족 우리집 우리아기 우리아들 우리딸 우리사랑 가족사랑 엄마 아빠 엄마아빠 엄마사랑해
아빠사랑해 어머니 아버지 부모님 할머니 할아버지 여보 자기야 자기사랑해 오빠 언니 누나 형님 동생
아들 아기 공주님 왕자님 천사 나의천사 비밀 비밀번호 비밀번호입니다 비밀이야 비번 암호 패스워드
아이디 로그인 관리자 관리자님 사용자 운영자 마스터 시스템 서버 컴퓨터 노트북 인터넷 홈페이지
게시판 테스트 테스트입니다 임시 임시비밀번호 초기비밀번호 기본비밀번호 회원가입 회원 비회원
손님 개발자 프로그램 프로그래머 데이터 데이터베이스 대한민국 대한민국만세 한국 한국사람 한국인
코리아 서울 서울시 서울특별시 부산 부산광역시 대구 인천 광주 대전 울산 세종 제주도 경기도
강원도 충청도 전라도 경상도 독도는우리땅 독도 한강 백두산 한라산 설악산 태극기 애국가 무궁화
아리랑 세종대왕 이순신 김치 김치찌개 된장찌개 불고기 비빔밥 떡볶이 삼겹살 치킨 짜장면 라면 소주
맥주 막걸리 커피 초콜릿 아이스크림 딸기 바나나 사과 수박 포도 강아지 고양이 호랑이 사자 토끼
거북이 코끼리 원숭이 돌고래 독수리 다람쥐 병아리 송아지 망아지 햄스터 멍멍이 야옹이 나비 장미
해바라기 진달래 개나리 벚꽃 코스모스 하늘 하늘나라 푸른하늘 바다 푸른바다 바람 구름 무지개 별빛
달빛 햇빛 햇살 태양 지구 우주 은하수 별님 달님 해님 눈사람 소나기 천둥번개 봄 여름 가을 겨울
봄여름가을겨울 월요일 화요일 수요일 목요일 금요일 토요일 일요일 하나님 하나님사랑
하나님감사합니다 예수님 예수님사랑 주예수그리스도 할렐루야 임마누엘 아멘 교회 기도 은혜
믿음소망사랑 믿음 소망 부처님 관세음보살 나무아미타불 성모마리아 축복 평화 자유 희망 꿈 나의꿈
꿈은이루어진다 이루어진다 성공 성공하자 성공시대 대박 대박나자 부자 부자되자 부자되세요
부자아빠 돈벌자 로또당첨 로또일등 일등 최고 내가최고 최강 무적 화이팅 파이팅 아자아자 할수있다
할수있어 나는할수있다 힘내자 힘내세요 힘내라 열심히 열심히하자 열공 공부하자 공부 시험합격 합격
합격하자 대학교 고등학교 중학교 초등학교 유치원 학교 학생 선생님 교수님 친구 친구야 친구사랑
우정 우정영원 건강 건강하자 건강하세요 건강제일 가화만사성 새해복많이받으세요 메리크리스마스
생일축하해 생일축하합니다 축하합니다 축구 축구사랑 야구 야구사랑 농구 배구 골프 수영 자전거
낚시 등산 여행 여행가자 게임 게임중독 스타크래프트 리니지 메이플스토리 던전앤파이터 바람의나라
카트라이더 서든어택 배틀그라운드 오버워치 롤 피파온라인 방탄소년단 아이유 소녀시대 빅뱅
동방신기 슈퍼주니어 블랙핑크 트와이스 뽀로로 도라에몽 짱구 짱구는못말려 포켓몬 피카츄 둘리
나루토 원피스 바보 바보야 바보멍청이 멍청이 메롱 똥개 돼지 꿀꿀이 미친놈 개새끼 시발 씨발
씨발놈아 병신 지랄 꺼져 죽어 닥쳐 몰라 몰라요 싫어 싫어요 아무거나 아무나 뭐야 뭐하니 누구세요
나는나 나야나 나다 나혼자 너와나 우리 우리둘이 둘이서 하나둘셋 하나둘셋넷 일이삼사 일이삼사오
가나다라 가나다라마바사 가나다라마바사아 아야어여 아야어여오요 동해물과백두산이 나비야나비야
학교종이땡땡땡 산토끼토끼야 곰세마리 열려라참깨 참깨 수리수리마수리 수리수리 얄라리얄라 랄랄라
룰루랄라 하하하하 호호호호 히히히히 후후후후 크크크크 삼성 삼성전자 현대 현대자동차 엘지
엘지전자 기아 롯데 네이버 다음 카카오 카카오톡 쿠팡 배달의민족 국민은행 신한은행 우리은행
하나은행 농협 회사 회사원 사장님 부장님 과장님 대리님 출근 퇴근 퇴근하자 월급날 휴가 주말 오늘
오늘도 오늘도화이팅 내일 어제 지금 처음처럼 참이슬 처음 마지막 첫사랑
""".split()  # noqa: SIM905 (four hundred words)


def typed(text: str) -> str:
    """Return the Latin keys that are pressed for the text on a two-set keyboard."""
    return "".join(keys_of(sign) if is_hangul(sign) else sign for sign in text)


def keys_of(syllable: str) -> str:
    rest, trailing = divmod(ord(syllable) - ord(FIRST), len(TRAILING))
    leading, vowel = divmod(rest, len(VOWELS))
    return LEADING[leading] + VOWELS[vowel] + TRAILING[trailing]


def is_hangul(text: str) -> bool:
    """Return whether the text consists of Hangul syllables alone."""
    return bool(text) and all(FIRST <= sign <= LAST for sign in text)


def is_common_korean(text: str) -> bool:
    """Return whether the text is one of WORDS in either spelling, also twice or with an ending."""
    half = text[: len(text) // 2]
    bases = [text.removesuffix(end) for end in ENDINGS if text.endswith(end)]
    if half + half == text:
        bases.append(half)
    return not spellings().isdisjoint(bases)


@cache
def spellings() -> frozenset[str]:
    """Return WORDS in Hangul, and as typed on a Latin keyboard."""
    return frozenset([*WORDS, *(typed(word).casefold() for word in WORDS)])


def names_in(word: str) -> Iterator[str]:
    """Yield a Hangul name, the given name of one with three syllables, and both as typed."""
    if is_hangul(word) and len(word) >= 2:
        for name in {word, word[1:] if len(word) == 3 else word}:
            yield name
            yield typed(name).casefold()
