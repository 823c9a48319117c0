"""Files of users and of members as other systems write them."""

from __future__ import annotations

import json

import pytest

from tenantry.access.actions import GroupRole
from tenantry.core.errors import InvalidValue
from tenantry.directory.member_files import read_people
from tenantry.directory.user_files import COLUMNS, MOST_WITH_PASSWORDS, read_users

ENTRA_TEMPLATE = """version:v1.0,,,,,,,,,,,,,,,,
Name [displayName] Required,User name [userPrincipalName] Required,Initial password [passwordProfile] Required,\
Block sign in (Yes/No) [accountEnabled] Required,First name [givenName],Last name [surname],Job title [jobTitle],\
Department [department],Usage location [usageLocation],Street address [streetAddress],State or province [state],\
Country or region [country],Office [physicalDeliveryOfficeName],City [city],ZIP or postal code [postalCode],\
Office phone [telephoneNumber],Mobile phone [mobile]
Example: Chris Green,chris@contoso.com,myPassword1234,No,Chris,Green,,,US,,,,,,,,
Dana Mills,dana@contoso.example,Secret1234,No,Dana,Mills,Nurse,Ward 4,US,,,,,,,,+1 425 555 0100
"""
GOOGLE_TEMPLATE = """First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Recovery Email,\
Home Secondary Email,Work Secondary Email,Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,\
Mobile Phone,Work Address,Home Address,Employee ID,Change Password at Next Sign-In,New Status [UPLOAD ONLY],\
Advanced Protection Program enrollment
Dana,Mills,dana@contoso.example,Secret1234,,/,,,,,,,,+1 425 555 0100,,,7,TRUE,Active,FALSE
"""
GOOGLE_DOWNLOAD = """First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],\
Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,\
Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,Mobile Phone,Work Address,Home Address,Employee ID,\
Employee Type,Employee Title,Manager Email,Department,Cost Center,2sv Enrolled [READ ONLY],2sv Enforced [READ ONLY],\
Building ID,Floor Name,Floor Section,Email Usage [READ ONLY],Drive Usage [READ ONLY],Total Storage [READ ONLY],\
Change Password at Next Sign-In,New Status [UPLOAD ONLY]
Dana,Mills,dana@contoso.example,****,,/Ward,,Active,Never logged in,,,,+14255550199,+14255550198,,+1 425 555 0100,,,,\
,,,,,False,False,,,,0.0GB,0.0GB,0.0GB,False,
"""
M365_TEMPLATE = """User Name,First Name,Last Name,Display Name,Job Title,Department,Office Number,Office Phone,\
Mobile Phone,Fax,Address,City,State or Province,ZIP or Postal Code,Country or Region
dana@contoso.example,Dana,Mills,Dana Mills,IT Manager,Information Technology,123451,123-555-1211,+1 425 555 0100,\
123-555-9821,1 Microsoft way,Redmond,Wa,98052,United States
"""
M365_TEMPLATE_OF_LATE = """Username,First name,Last name,Display name,Job title,Department,Office number,Office phone,\
Mobile phone,Fax,Alternate email address,Address,City,State or province,ZIP or postal code,Country or region
dana@contoso.example,Dana,Mills,Dana Mills,Nurse,,,123451,+1 425 555 0100,,,,,,,United States
"""
M365_EXPORT = """Block credential,City,Country/Region,Department,DirSyncEnabled,Display name,Fax,First name,Last name,\
Licenses,Mobile Phone,Object Id,Office,Phone number,Title,Usage location,User principal name,When created
False,,,,,Dana Mills,,Dana,Mills,Unlicensed,+1 425 555 0100,7f,,+1 425 555 0199,Nurse,US,dana@contoso.example,2026-01-01
"""
ENTRA_EXPORT = """userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled,\
usageLocation,streetAddress,state,country,officeLocation,city,postalCode,telephoneNumber,mobilePhone,\
alternateEmailAddress,ageGroup,consentProvidedForMinor,legalAgeGroupClassification,companyName,creationType,\
directorySynced,invitationState,identityIssuer,createdDateTime
dana@contoso.example,Dana Mills,Mills,d@x.example,Dana,7cc0c81b,Member,,,True,US,,,,,,,+1 425 555 0199,\
+1 425 555 0100,,,,,,,,,x.onmicrosoft.com,2021-11-30T13:32:57Z
"""
ENTRA_EXPORT_OF_OLD = """userPrincipalName,displayName,surname,mail,givenName,objectId,userType,jobTitle,department,\
accountEnabled,usageLocation,streetAddress,state,country,physicalDeliveryOfficeName,city,postalCode,telephoneNumber,\
mobile,authenticationPhoneNumber,authenticationAlternativePhoneNumber,authenticationEmail,alternateEmailAddress,\
ageGroup,consentProvidedForMinor,legalAgeGroupClassification
dana@contoso.example,Dana Mills,Mills,d@x.example,Dana,7f,Member,,,True,US,,,,,,,,+1 425 555 0100,,,,,,,
"""
GRAPH_EXPORT = """userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,\
accountEnabled,usageLocation,mobilePhone,onPremisesImmutableId
dana@contoso.example,Dana Mills,Mills,d@x.example,Dana,7f,Member,,,True,US,+1 425 555 0100,
"""
POWERSHELL = """#TYPE Microsoft.Graph.PowerShell.Models.MicrosoftGraphUser
"DisplayName","Id","Mail","UserPrincipalName","GivenName","Surname","MobilePhone"
"Dana Mills","7f",,"dana@contoso.example","Dana","Mills","+1 425 555 0100"
"""
OUR_WIRE_NAMES = """userPrincipalName;displayName;firstName;lastName;phoneNumber
dana@contoso.example;Dana Mills;Dana;Mills;+1 425 555 0100
"""
OURS = """user_principal_name,display_name,given_name,family_name,usage_location,immutable_id,phone_number,error
dana@contoso.example,Dana Mills,Dana,Mills,US,,+1 425 555 0100,it failed
"""
FILES = [
    ENTRA_TEMPLATE,
    GOOGLE_TEMPLATE,
    GOOGLE_DOWNLOAD,
    M365_TEMPLATE,
    M365_TEMPLATE_OF_LATE,
    M365_EXPORT,
    ENTRA_EXPORT,
    ENTRA_EXPORT_OF_OLD,
    GRAPH_EXPORT,
    POWERSHELL,
    OUR_WIRE_NAMES,
    OURS,
]


@pytest.mark.parametrize("content", FILES)
@pytest.mark.parametrize("form", ["as it is", "Excel"])
def test_templates_and_exports_of_other_systems_are_read_as_they_are(content: str, form: str) -> None:
    raw = content.encode() if form == "as it is" else ("\ufeff" + content.replace("\n", "\r\n")).encode()
    file = read_users(raw)
    assert len(file.rows) == 1
    row = json.loads(file.rows[0].data)
    assert file.rows[0].problem is None
    assert file.rows[0].number == content[: content.index("dana@contoso.example")].count("\n") + 1
    assert row["user_principal_name"] == "dana@contoso.example"
    assert row["display_name"] == "Dana Mills"
    assert (row["given_name"], row["family_name"]) == ("Dana", "Mills")
    assert row["phone_number"] == "+1 425 555 0100"
    assert set(row) <= set(COLUMNS)


@pytest.mark.parametrize("content", [ENTRA_TEMPLATE, GOOGLE_TEMPLATE])
def test_a_password_in_a_file_is_not_taken_and_said_to_be_ignored(content: str) -> None:
    file = read_users(content.encode())
    assert "Secret" not in file.rows[0].data
    assert any("assword" in heading for heading in file.ignored)


def test_what_was_ignored_is_told_in_the_words_of_the_file() -> None:
    assert read_users(OUR_WIRE_NAMES.encode()).ignored == []
    assert read_users(OURS.encode()).ignored == []
    ignored = read_users(GRAPH_EXPORT.encode()).ignored
    assert ignored == ["mail", "id", "userType", "jobTitle", "department"]


@pytest.mark.parametrize(
    ("content", "from_", "to"),
    [
        (ENTRA_TEMPLATE, "Secret1234,No", "Secret1234,Yes"),
        (M365_EXPORT, "False,,", "True,,"),
        (GRAPH_EXPORT, ",,,True,US", ",,,False,US"),
        (ENTRA_EXPORT, ",,,True,US", ",,,False,US"),
        (GOOGLE_TEMPLATE, "TRUE,Active", "TRUE,Suspended"),
        (GOOGLE_DOWNLOAD, ",Active,", ",Suspended,"),
        (GOOGLE_DOWNLOAD, ",0.0GB,False,", ",0.0GB,False,Archived"),
    ],
)
def test_who_is_blocked_in_the_file_does_not_become_somebody_who_may_sign_in(content: str, from_: str, to: str) -> None:
    assert from_ in content
    (row,) = read_users(content.replace(from_, to).encode()).rows
    assert json.loads(row.data)["blocked"] == "yes"
    assert "blocked" not in json.loads(read_users(content.encode()).rows[0].data)


@pytest.mark.parametrize(
    "content",
    [
        ENTRA_TEMPLATE.replace("Block sign in (Yes/No)", "Anmeldung blockieren (Ja/Nein)").replace(
            "1234,No", "1234,Ja"
        ),
        M365_EXPORT.replace("False,,", "Wahr,,"),
        GRAPH_EXPORT.replace(",,,True,US", ",,,Falsch,US"),
    ],
)
def test_whoever_is_blocked_by_a_word_that_is_not_understood_does_not_come_in(content: str) -> None:
    (row,) = read_users(content.encode()).rows
    assert row.problem is not None
    assert row.problem.endswith("is neither yes nor no.")


def test_a_template_in_another_language_says_who_is_blocked_as_in_english() -> None:
    content = ENTRA_TEMPLATE.replace("Block sign in (Yes/No)", "サインインのブロック")
    assert "blocked" not in json.loads(read_users(content.encode()).rows[0].data)
    (row,) = read_users(content.replace("Secret1234,No", "Secret1234,Yes").encode()).rows
    assert json.loads(row.data)["blocked"] == "yes"


def test_the_number_of_an_office_is_not_taken_for_a_mobile_one() -> None:
    content = M365_EXPORT.replace("+1 425 555 0100", "")
    file = read_users(content.encode())
    assert "Phone number" in file.ignored
    assert json.loads(file.rows[0].data)["phone_number"] == ""


def test_a_template_that_nobody_has_filled_in_is_refused() -> None:
    lines = ENTRA_TEMPLATE.splitlines(keepends=True)
    content = "".join(line for line in lines if line.startswith(("version", "Example")) or "[displayName]" in line)
    assert "Example" in content
    with pytest.raises(InvalidValue, match="but examples"):
        read_users(content.encode())


def test_what_begins_like_an_example_is_a_person_where_no_template_has_examples() -> None:
    (row,) = read_users(b"user_principal_name,display_name\na@contoso.example,Example: a shared mailbox\n").rows
    assert json.loads(row.data)["display_name"] == "Example: a shared mailbox"


@pytest.mark.parametrize("headings", ["mobile,phone_number", "phone_number,mobile"])
def test_a_heading_of_our_own_goes_before_those_of_other_systems(headings: str) -> None:
    cells = ",".join("+14255550100" if name == "phone_number" else "+14255550199" for name in headings.split(","))
    file = read_users(f"user_principal_name,display_name,{headings}\na@contoso.example,A,{cells}\n".encode())
    assert json.loads(file.rows[0].data)["phone_number"] == "+14255550100"
    assert file.ignored == ["mobile"]


def test_passwords_are_taken_when_asked_for_and_stand_in_no_row() -> None:
    for content in (ENTRA_TEMPLATE, GOOGLE_TEMPLATE):
        file = read_users(content.encode(), with_passwords=True)
        assert file.rows[0].password == "Secret1234"
        assert "Secret1234" not in file.rows[0].data + repr(file)
        assert not any(heading.startswith(("Password", "Initial")) for heading in file.ignored)
    assert read_users(GOOGLE_DOWNLOAD.encode(), with_passwords=True).rows[0].password is None  # `****`


@pytest.mark.parametrize("heading", ["familyName", "Family name", "Surname", "Last Name", "sn"])
def test_a_family_name_is_known_by_each_of_its_names(heading: str) -> None:
    (row,) = read_users(f"userPrincipalName,displayName,{heading}\nann@x.test,Ann,Lee\n".encode()).rows
    assert json.loads(row.data)["family_name"] == "Lee"


def test_a_space_is_part_of_a_password_and_of_nothing_else() -> None:
    content = "user_principal_name,display_name,password\n ann@contoso.example , Ann , Secret 1234 \n"
    (row,) = read_users(content.encode(), with_passwords=True).rows
    assert row.password == " Secret 1234 "
    assert json.loads(row.data) == {"user_principal_name": "ann@contoso.example", "display_name": "Ann"}


def test_what_is_a_hash_is_not_taken_for_a_password() -> None:
    content = GOOGLE_TEMPLATE.replace("Secret1234,,", "5f4dcc3b5aa765d61d8327deb882cf99,MD5,")
    (row,) = read_users(content.encode(), with_passwords=True).rows
    assert row.password is None
    assert row.problem is not None
    assert "MD5" in row.problem
    download = GOOGLE_DOWNLOAD.replace("****,,", "****,MD5,")
    assert read_users(download.encode(), with_passwords=True).rows[0].problem is None, "there is no password in it"


def test_a_file_of_too_many_passwords_is_refused_and_taken_without_them() -> None:
    rows = "".join(f"u{number}@contoso.example,U,Secret-{number}\n" for number in range(MOST_WITH_PASSWORDS + 1))
    content = f"user_principal_name,display_name,password\n{rows}".encode()
    with pytest.raises(InvalidValue, match=f"more than {MOST_WITH_PASSWORDS} passwords"):
        read_users(content, with_passwords=True)
    assert len(read_users(content).rows) == MOST_WITH_PASSWORDS + 1


@pytest.mark.parametrize(
    "content", ["name\nx", "mail,password\nx,y", "userPrincipalName\nx", "First Name,Last Name\nx,y"]
)
def test_a_file_without_the_columns_that_a_user_needs_is_refused_with_the_first_of_them(content: str) -> None:
    with pytest.raises(InvalidValue, match=r"(user_principal_name|display_name) is missing") as refused:
        read_users(content.encode())
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    "content",
    [
        "member,role\n+1 425 555 0100,admin\n",
        "Phone number,Role,Name\n+1 425 555 0100,Admin,Dana\n",
        "Name,Mobile Number,Role\nDana,+1 425 555 0100,administrator\n",
        "Country code;Phone number;Role\n1;425 555 0100;Admin\n",
        "mobileNumber\trole\n+1 425 555 0100\tAdmin\n",
    ],
)
def test_people_are_read_by_their_numbers_whatever_the_column_is_called(content: str) -> None:
    (row,) = read_people(content.encode()).rows
    assert (row.number, row.who.replace(" ", ""), row.role) == (2, "+14255550100", GroupRole.ADMIN)


def test_a_member_whose_role_has_no_column_is_wrong_by_its_line() -> None:
    rows = read_people(b"member\n+12065550142,admin\n+12065550143\n").rows
    assert rows[0].problem is not None
    assert rows[0].problem.startswith("Line 2 has 2 cells")
    assert rows[1].problem is None


def test_a_file_of_users_is_one_of_members_too_by_their_sign_in_names() -> None:
    file = read_people(b"user_principal_name,display_name\ndana@contoso.example,Dana\n")
    assert (file.rows[0].who, file.ignored) == ("dana@contoso.example", ["display_name"])


@pytest.mark.parametrize(
    "heading",
    [
        "Member object ID or user principal name [memberObjectIdOrUpn] Required",
        "User name [userPrincipalName] Required",
        "Email Address [Required]",
    ],
)
def test_entras_template_for_members_is_read_as_it_is(heading: str) -> None:
    file = read_people(f"version:v1.0\r\n{heading}\r\ndana@contoso.example\r\n".encode())
    assert (file.rows[0].who, file.rows[0].number, file.ignored) == ("dana@contoso.example", 3, [])
