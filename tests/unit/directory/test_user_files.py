"""Files of users and of members as other systems write them."""

from __future__ import annotations

import json

import pytest

from tenantry.access.actions import GroupRole
from tenantry.core.errors import InvalidValue
from tenantry.directory.member_files import read_people
from tenantry.directory.user_files import COLUMNS, read_users

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
M365_TEMPLATE = """Username,First name,Last name,Display name,Job title,Department,Office number,Office phone,\
Mobile phone,Fax,Alternate email address,Address,City,State or province,ZIP or postal code,Country or region
dana@contoso.example,Dana,Mills,Dana Mills,Nurse,,,123451,+1 425 555 0100,,,,,,,United States
"""
M365_EXPORT = """Block credential,City,Country,Department,DirSyncEnabled,Display name,Fax,First name,Last name,\
Licenses,Mobile Phone,Object Id,Office,Phone number,Title,Usage location,User principal name,When created
False,,,,,Dana Mills,,Dana,Mills,Unlicensed,+1 425 555 0100,7f,,,Nurse,US,dana@contoso.example,2026-01-01
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
FILES = [ENTRA_TEMPLATE, GOOGLE_TEMPLATE, M365_TEMPLATE, M365_EXPORT, GRAPH_EXPORT, POWERSHELL, OUR_WIRE_NAMES, OURS]


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


@pytest.mark.parametrize("content", FILES[:2])
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
        (GOOGLE_TEMPLATE, "TRUE,Active", "TRUE,Suspended"),
    ],
)
def test_who_is_blocked_in_the_file_does_not_become_somebody_who_may_sign_in(content: str, from_: str, to: str) -> None:
    assert from_ in content
    (row,) = read_users(content.replace(from_, to).encode()).rows
    assert json.loads(row.data)["blocked"] == "yes"
    assert "blocked" not in json.loads(read_users(content.encode()).rows[0].data)


@pytest.mark.parametrize("content", ["name\nx", "mail,password\nx,y", "userPrincipalName\nx"])
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
def test_people_are_read_from_files_of_kaizala_and_ours(content: str) -> None:
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
